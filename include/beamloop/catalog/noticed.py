"""What is worth telling people, as far as the catalogue knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId, RequestId, RunId
from beamloop.records.outcome import OutcomeCode

# A folder with a sweep that is not complete is still arriving, unless nothing has come for so long.
ARRIVING_S = 3600.0


@dataclass(frozen=True, slots=True)
class FinishedCollection:
    """A collection at which nothing is at work, with the requests whose end is not told yet."""

    collection_id: CollectionId  # 5
    name: str  # "plate3"
    directory: Path
    request_ids: tuple[RequestId, ...]  # (17, 18)
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33", of the last one


@dataclass(frozen=True, slots=True)
class StandingRun:
    """A run that has begun and does not move."""

    run_id: RunId  # 17
    request_id: RequestId  # 3
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    directory: Path
    sweep: str  # "xtal2_1"
    last_trouble: str  # words of the last transient error, or ""
    steps_done: int  # 2
    moved_at: datetime  # UTC, when it moved last


@dataclass(frozen=True, slots=True)
class StandingRequest:
    """A request that waits while nothing moves."""

    request_id: RequestId  # 3
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    directory: Path
    requested_at: datetime  # UTC
    has_begun: bool  # Airflow's run has taken it up


def finished_collections(connection: Connection, beamline: str, quiet_s: float) -> list[FinishedCollection]:
    """Return the collections whose requests have all ended, the last one `quiet_s` seconds ago or more."""
    rows = QUERIES.finished_collections(connection, beamline=beamline, quiet_s=quiet_s, arriving_s=ARRIVING_S)
    return [
        FinishedCollection(
            CollectionId(row["collection_id"]),
            row["name"],
            Path(row["directory"]),
            tuple(RequestId(request_id) for request_id in row["request_ids"]),
            row["dag_run_id"],
        )
        for row in rows
    ]


def note_finish_noticed(connection: Connection, request_ids: Sequence[RequestId]) -> None:
    """Note that the end of these requests is told, or need not be."""
    QUERIES.note_finish_noticed(connection, request_ids=list(request_ids))


def let_finish_pass(connection: Connection, except_of: Sequence[str]) -> None:
    """Tell nobody of the requests that have ended, except those of some beamlines."""
    QUERIES.let_finish_pass(connection, beamlines=list(except_of))


def outcome_count(connection: Connection, beamline: str, since: datetime) -> int:
    """Return how many runs of a beamline have ended since then, cancelled ones apart."""
    return int(QUERIES.outcome_count(connection, beamline=beamline, since=since))


def burst_goes_on(
    connection: Connection, beamline: str, code: OutcomeCode, cause: str, since: datetime, last_at: datetime
) -> bool:
    """Tell whether a burst of failures goes on, and prolong it.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline, code, cause
        Whose burst, and of what.
    since
        A burst whose last failure was at this time or later goes on.
    last_at
        Time of the newest failure.
    """
    known = QUERIES.continue_burst(
        connection, beamline=beamline, code=code.value, cause=cause, since=since, last_failure_at=last_at
    )
    return known is not None


def begin_burst(
    connection: Connection, beamline: str, code: OutcomeCode, cause: str, last_at: datetime
) -> int:
    """Remember a new burst and return its number."""
    return int(
        QUERIES.add_burst(
            connection, beamline=beamline, code=code.value, cause=cause, last_failure_at=last_at
        )
    )


def standing_runs(connection: Connection, beamline: str, still_s: float) -> list[StandingRun]:
    """Return runs that have not moved for `still_s` seconds, the oldest standstill first."""
    rows = QUERIES.standing_runs(connection, beamline=beamline, still_s=still_s)
    return [StandingRun(**row | {"directory": Path(row["directory"])}) for row in rows]


def standing_requests(connection: Connection, beamline: str, still_s: float) -> list[StandingRequest]:
    """Return requests that wait although no run of any beamline has moved for `still_s` seconds."""
    rows = QUERIES.standing_requests(connection, beamline=beamline, still_s=still_s)
    return [StandingRequest(**row | {"directory": Path(row["directory"])}) for row in rows]


def dag_run_of(connection: Connection, run_id: RunId) -> str:
    """Return the name of Airflow's run that a run belongs to."""
    return str(QUERIES.dag_run_of(connection, run_id=run_id))
