"""Something stands still: a run that has begun, or requests that nobody takes up."""

from datetime import datetime
from itertools import groupby

from beamloop.beamlines.beamline_file import Beamline
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.connection import Connection
from beamloop.catalog.noticed import StandingRequest, StandingRun, standing_requests, standing_runs
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import line_text, minutes, name_text, names, sweeps
from beamloop.records.notification import Message, NoticeKind

WAITING_TRY_NEXT = (
    "`beamloop status` tells whether scheduler and database run. In Airflow, look whether the DAG "
    "process_collection is paused, whether its runs wait for others, and whether the pool dials has slots."
)
STANDING_TRY_NEXT = (
    "Open the run in Airflow and read the log of the task that is at work. Marking the run as failed ends "
    "its sweeps as cancelled; `beamloop reprocess` then processes them again."
)


def notice_stuck(
    connection: Connection, beamline: Beamline, wanted: Notifications, pages: AirflowPages, now: datetime
) -> list[Message]:
    """Return a message for each standstill; the same standstill has the same key, however often it is met.

    Parameters
    ----------
    connection
        Inside a transaction, which also keeps the messages.
    beamline, wanted
        Whose runs, and what its people call stuck.
    pages
        Where Airflow's pages are.
    now
        The catalogue's time, UTC.
    """
    still_s = wanted.stuck_after_s(beamline.limits.program_time_s)
    runs = standing_runs(connection, beamline.beamline, still_s)
    by_request = sorted(runs, key=lambda run: run.request_id)
    messages = [
        _standing(beamline.beamline, sorted(found, key=lambda run: run.moved_at), pages, now)
        for _, found in groupby(by_request, key=lambda run: run.request_id)
    ]
    requests = standing_requests(connection, beamline.beamline, still_s)
    # A request whose runs stand still is told by them.
    waiting = [request for request in requests if request.request_id not in {run.request_id for run in runs}]
    return [*messages, _waiting(beamline.beamline, waiting, pages, now)] if waiting else messages


def _standing(beamline: str, runs: list[StandingRun], pages: AirflowPages, now: datetime) -> Message:
    """Tell of the runs of one request; those that stop later are not news while the first one stands."""
    first = runs[0]
    still = minutes((now - first.moved_at).total_seconds())
    lines = [f"{names([run.sweep for run in runs])}: no step has ended for {still}."]
    if first.last_trouble:
        lines.append(f"The last try of {name_text(first.sweep)} met: {line_text(first.last_trouble)}")
    return Message(
        event_key=f"stuck-{first.run_id}-{first.moved_at:%Y%m%dT%H%M%S}",
        kind=NoticeKind.STUCK,
        beamline=beamline,
        collection_id=first.collection_id,
        title=f"{beamline}, {name_text(first.collection)}: {sweeps(len(runs))} stuck for {still}",
        lines=(*lines, f"Try next: {STANDING_TRY_NEXT}"),
        link=pages.dag_run(first.dag_run_id),
        facts={
            "collection": first.collection,
            "directory": str(first.directory),
            "stuck": [
                {"sweep": run.sweep, "run_id": run.run_id, "steps_done": run.steps_done,
                 "moved_at": run.moved_at.isoformat(), "last_trouble": run.last_trouble}
                for run in runs
            ],
        },
    )  # fmt: skip


def _waiting(beamline: str, requests: list[StandingRequest], pages: AirflowPages, now: datetime) -> Message:
    first = requests[0]
    waited = minutes((now - first.requested_at).total_seconds())
    count = f"{len(requests)} request" if len(requests) == 1 else f"{len(requests)} requests"
    collections = list(dict.fromkeys(request.collection for request in requests))
    return Message(
        event_key=f"waiting-{first.request_id}",
        kind=NoticeKind.STUCK,
        beamline=beamline,
        collection_id=first.collection_id,
        title=f"{beamline}: {count} waiting for {waited}, nothing is processed",
        lines=(
            f"Waiting since {first.requested_at:%Y-%m-%d %H:%M} UTC: {names(collections)}.",
            "Meanwhile no sweep of any beamline has moved.",
            f"Try next: {WAITING_TRY_NEXT}",
        ),
        link=pages.dag_run(first.dag_run_id) if first.has_begun else "",
        facts={
            "waiting": [
                {"collection": request.collection, "directory": str(request.directory),
                 "requested_at": request.requested_at.isoformat(), "has_begun": request.has_begun}
                for request in requests
            ]
        },
    )  # fmt: skip
