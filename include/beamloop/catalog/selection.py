"""Sweeps by what became of them: to be processed once more, or to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.identifiers import CollectionId, RunId, SweepId, natural_order
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import Parameters
from beamloop.records.sample import Sample, UnitCell


@dataclass(frozen=True, slots=True)
class SelectedSweep:
    """A sweep that has a run."""

    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    content_sha256: str
    collection_id: CollectionId  # 5
    collection_key_name: str  # "plate3-1f0c9a"
    beamline: str  # "i24"
    collection: str  # "plate3"
    directory: Path
    run_id: RunId  # 17: the newest one
    parameters: Parameters  # of that run
    said_since: Sample | None  # what a person said of the sample after that run was asked for


@dataclass(frozen=True, slots=True)
class Failure:
    """A sweep whose newest run ended without a result."""

    beamline: str  # "i24"
    collection: str  # "plate3"
    directory: Path
    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    run_id: RunId  # 17
    outcome: Outcome
    recorded_at: datetime  # UTC


def select_sweeps(
    connection: Connection,
    *,
    collection_id: CollectionId | None = None,
    sweep_ids: Sequence[int] | None = None,
    beamline: str | None = None,
    outcome: OutcomeCode | None = None,
    since: datetime | None = None,
) -> list[SelectedSweep]:
    """Return sweeps that have a run, by collection and then in natural order of the name.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id, beamline
        Where; None: everywhere.
    sweep_ids
        Which; None: all.
    outcome
        How the newest run ended; None: however it stands.
    since
        Whose newest run ended, or was asked for where it goes on, at this time or later.
    """
    rows = QUERIES.select_sweeps(
        connection,
        collection_id=collection_id,
        sweep_ids=None if sweep_ids is None else list(sweep_ids),
        beamline=beamline,
        code=outcome.value if outcome else None,
        since=since,
    )
    found = [_selected(row) for row in rows]
    return sorted(found, key=lambda sweep: (sweep.collection_id, natural_order(sweep.sweep)))


def _selected(row: Row) -> SelectedSweep:
    cell = UnitCell(*row["unit_cell"]) if row["unit_cell"] else None
    said_since = row["said_at"] is not None and row["said_at"] > row["created_at"]
    return SelectedSweep(
        sweep_id=SweepId(row["sweep_id"]),
        sweep=row["sweep"],
        content_sha256=row["content_sha256"],
        collection_id=CollectionId(row["collection_id"]),
        collection_key_name=row["key_name"],
        beamline=row["beamline"],
        collection=row["collection"],
        directory=Path(row["directory"]),
        run_id=RunId(row["run_id"]),
        parameters=Parameters.from_json(row["parameters"]),
        said_since=Sample(row["space_group"], cell) if said_since else None,
    )


def failures_since(
    connection: Connection, since: datetime, beamline: str | None = None, *, limit: int | None = None
) -> list[Failure]:
    """Return the sweeps whose newest run ended without a result since then, the newest first.

    A sweep that was processed with success later on is no failure any more, and one that a person
    cancelled never was. Where there are more than `limit`, the newest come back.
    """
    rows = QUERIES.failures(connection, since=since, beamline=beamline, limit=limit)
    return [
        Failure(
            beamline=row["beamline"],
            collection=row["collection"],
            directory=Path(row["directory"]),
            sweep_id=SweepId(row["sweep_id"]),
            sweep=row["sweep"],
            run_id=RunId(row["run_id"]),
            outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["step"]),
            recorded_at=row["recorded_at"],
        )
        for row in rows
    ]
