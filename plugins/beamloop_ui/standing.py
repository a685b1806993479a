"""What stands still, by the patience that each beamline's file asks for."""

from collections.abc import Sequence
from typing import Any

from airflow_services import beamlines_directory
from beamloop.beamlines.beamline_file import Limits, read_beamlines
from beamloop.beamlines.notifications import STUCK_AFTER_LIMIT_MINUTES
from beamloop.catalog.connection import Connection
from beamloop.catalog.noticed import standing_runs
from beamloop.catalog.page_now import unmoved_requests

SHOWN = 12


def standing_still(connection: Connection, beamlines: Sequence[str]) -> list[dict[str, Any]]:
    """Return runs without a step's end for too long, and requests that wait though nothing is at work.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamlines
        Where something is open; the others need not be asked.
    """
    if not beamlines:
        return []
    patience_s = _patience_s()
    found: list[dict[str, Any]] = []
    for beamline in beamlines:
        still_s = patience_s.get(beamline, _default_s(Limits().program_time_s))
        found += [
            {"beamline": beamline, "collection": run.collection, "run_id": run.run_id, "sweep": run.sweep,
             "since": run.moved_at, "trouble": run.last_trouble, "dag_run_id": run.dag_run_id}
            for run in standing_runs(connection, beamline, still_s)[:SHOWN]
        ]  # fmt: skip
        found += [
            {"beamline": beamline, "collection": request.collection, "run_id": None, "sweep": None,
             "since": request.requested_at, "trouble": "", "dag_run_id": request.dag_run_id}
            for request in unmoved_requests(connection, beamline, still_s, SHOWN)
        ]  # fmt: skip
    return found


def _patience_s() -> dict[str, float]:
    known, _ = read_beamlines(beamlines_directory())
    return {
        file.beamline: file.notifications.stuck_after_s(file.limits.program_time_s)
        if file.notifications
        else _default_s(file.limits.program_time_s)
        for file in known
    }


def _default_s(program_time_s: float) -> float:
    return program_time_s + 60 * STUCK_AFTER_LIMIT_MINUTES
