"""Requests that have not ended, and their end."""

from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.events import note_event
from beamloop.catalog.runs import record_outcome
from beamloop.records.identifiers import CollectionId, RequestId, RunId
from beamloop.records.outcome import Outcome, OutcomeCode


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request of which a run has no end."""

    request_id: RequestId  # 3
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"
    collection_id: CollectionId  # 5
    has_begun: bool  # Airflow's run has taken it up


def open_requests(connection: Connection) -> list[OpenRequest]:
    """Return every request that has not ended, the oldest first."""
    return [OpenRequest(**row) for row in QUERIES.open_requests(connection)]


def waits_for_tending(connection: Connection) -> bool:
    """Tell whether a request is open, an end or a detector's drift is not thought over, or a message is due.

    Everything that `tend_requests` does begins with one of these; where it is not so, there is nothing to do.
    """
    return bool(QUERIES.waits_for_tending(connection))


def close_request(connection: Connection, request_id: RequestId, lost: Outcome | None = None) -> list[RunId]:
    """End a request; runs that never came to an outcome are recorded as interrupted.

    Parameters
    ----------
    connection
        Inside a transaction.
    request_id
        The request.
    lost
        Their outcome, where it is known what befell Airflow's run; the words of a run's last trouble follow.

    Returns
    -------
    list of RunId
        Those without an outcome of their own.
    """
    rows = list(QUERIES.runs_of_request(connection, request_id=request_id))
    left = [RunId(row["run_id"]) for row in rows if row["code"] is None]
    for run_id in left:
        trouble = QUERIES.run_by_id(connection, run_id=run_id)["last_trouble"]
        record_outcome(connection, run_id, _end_without_outcome(lost, trouble))
    QUERIES.end_request(connection, request_id=request_id)
    return left


def _end_without_outcome(lost: Outcome | None, trouble: str) -> Outcome:
    if lost:
        return replace(lost, sentence=f"{lost.sentence} The last try had met: {trouble}") if trouble else lost
    words = trouble or "Airflow ended the task before it could say why."
    return Outcome(OutcomeCode.INTERRUPTED, f"Processing was interrupted. {words}", "")


def close_lost(connection: Connection, request: OpenRequest, lost: Outcome) -> int:
    """End a request that nobody works on; its runs without an outcome get this one.

    Returns
    -------
    int
        How many runs were left without an outcome.
    """
    QUERIES.start_request(connection, request_id=request.request_id)
    closed = close_request(connection, request.request_id, lost)
    if closed:
        words = f"{len(closed)} sweeps without an outcome. {lost.sentence}"
        note_event(connection, "tend_requests", lost.code.value, request.collection_id, words)
    return len(closed)
