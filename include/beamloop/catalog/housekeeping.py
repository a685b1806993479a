"""What the catalogue knows of files that might go."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import stored_object
from beamloop.catalog.connection import QUERIES
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import RunId


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has its outcome."""

    run_id: RunId  # 17
    ended_at: datetime  # UTC
    sweep: str  # "xtal2_1"
    beamline: str  # "i24"
    place: str  # "i24/plate3-1f0c9a/xtal2_1/run-17": below the run root


def ended_run(connection: Connection, run_id: RunId) -> EndedRun | None:
    """Return a run that has ended, None where there is none or it goes on."""
    row = QUERIES.ended_run(connection, run_id=run_id)
    return EndedRun(**row) if row else None


def artifacts_of_run(connection: Connection, run_id: RunId) -> dict[str, StoredObject]:
    """Return a run's artifacts by their path in its directory, e.g. "index/indexed.expt"."""
    rows = QUERIES.artifacts_of_run(connection, run_id=run_id)
    return {f"{row['step']}/{row['name']}": stored_object(row) for row in rows}


def hold_ended_run(connection: Connection, run: EndedRun) -> bool:
    """Keep a run from going on until the transaction ends.

    Returns
    -------
    bool
        False when it has gone on since it was looked at: its files are in use.
    """
    return QUERIES.hold_ended_run(connection, run_id=run.run_id, ended_at=run.ended_at) is not None
