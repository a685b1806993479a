"""What the page *Sweep* asks beyond a sweep's account: by numbers, as addresses name things."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import known_file
from beamloop.catalog.connection import QUERIES
from beamloop.catalog.results import CollectionPlace
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, RunId, SweepId, natural_order
from beamloop.records.isomorphism import WordKind


@dataclass(frozen=True, slots=True)
class PlacedSweep:
    """A sweep and its collection."""

    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    collected_at: datetime  # UTC, when its last image was written
    place: CollectionPlace


@dataclass(frozen=True, slots=True)
class FileOfRun:
    """A published file by its number."""

    artifact_id: int  # 311
    step: str  # "index"
    name: str  # "dials.index.log"
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StandingWord:
    """What a person said last of a whole sweep."""

    kind: WordKind  # "exclude"
    said_by: str  # "anna"
    said_at: datetime  # UTC
    why: str  # "ice rings"


@dataclass(frozen=True, slots=True)
class MappedRun:
    """A run and its place among the mapped tasks of its DAG run."""

    run_id: RunId  # 17
    sweep_id: SweepId  # 12
    group: str  # "sweep" or "second_chance"
    map_index: int  # 3


def sweeps_by_id(connection: Connection, sweep_ids: Sequence[int]) -> list[PlacedSweep]:
    """Return sweeps with their collections, by collection and name.

    Raises
    ------
    NotFoundError
        When one of them is not there; names it.
    """
    rows = list(QUERIES.page_sweeps_by_id(connection, sweep_ids=list(sweep_ids)))
    missing = set(sweep_ids) - {row["sweep_id"] for row in rows}
    if missing:
        raise NotFoundError(f"There is no sweep with the number {min(missing)}.", try_next="Start from Now.")
    return [
        PlacedSweep(
            SweepId(row["sweep_id"]),
            row["sweep"],
            row["collected_at"],
            CollectionPlace(row["collection_id"], row["beamline"], row["collection"], Path(row["directory"])),
        )
        for row in rows
    ]


def collection_by_id(connection: Connection, collection_id: int) -> CollectionPlace:
    """Return a collection.

    Raises
    ------
    NotFoundError
        When it is not there.
    """
    row = QUERIES.page_collection_by_id(connection, collection_id=collection_id)
    if row is None:
        raise NotFoundError(
            f"There is no collection with the number {collection_id}.", try_next="Start from Now."
        )
    return CollectionPlace(row["collection_id"], row["beamline"], row["name"], Path(row["directory"]))


def files_of_run(connection: Connection, run_id: RunId) -> list[FileOfRun]:
    """Return the published files of a run, by step and name."""
    return [FileOfRun(**row) for row in QUERIES.page_files_of_run(connection, run_id=run_id)]


def file_of_run(connection: Connection, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a published file and where it is in the store.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    return known_file(QUERIES.page_file_of_run(connection, artifact_id=artifact_id), artifact_id)


def standing_word(connection: Connection, sweep_id: SweepId) -> StandingWord | None:
    """Return what a person said last of a whole sweep, None where nobody has."""
    row = QUERIES.page_standing_word(connection, sweep_id=sweep_id)
    return StandingWord(**row | {"kind": WordKind(row["kind"])}) if row else None


def mapped_runs(connection: Connection, dag_run_id: str) -> tuple[CollectionId | None, list[MappedRun]]:
    """Return a DAG run's collection and its runs as Airflow's task groups map them.

    The DAG process_collection maps the runs of a request in natural order of the sweep's name, and the second
    chances after them in the same way.
    """
    rows = list(QUERIES.page_runs_of_dag_run(connection, dag_run_id=dag_run_id))
    if not rows:
        return None, []
    mapped = []
    for group, is_second in (("sweep", False), ("second_chance", True)):
        own = [row for row in rows if row["run_id"] and row["is_second_chance"] is is_second]
        own.sort(key=lambda row: natural_order(row["name"]))
        mapped += [MappedRun(row["run_id"], row["sweep_id"], group, at) for at, row in enumerate(own)]
    return CollectionId(rows[0]["collection_id"]), mapped


def collection_of_check(connection: Connection, dag_run_id: str) -> CollectionId | None:
    """Return the collection that a DAG run of check_isomorphism is named after, None where there is none."""
    key_name, _, number = dag_run_id.rpartition(".change-")[0].rpartition(".")
    rows = list(QUERIES.page_collection_of_check(connection, key_name=key_name, number=number))
    return CollectionId(rows[0]["collection_id"]) if rows else None


def sweep_of_run(connection: Connection, run_id: int) -> SweepId:
    """Return the sweep that a run is of.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    found = QUERIES.page_sweep_of_run(connection, run_id=run_id)
    if found is None:
        raise NotFoundError(f"There is no run with the number {run_id}.", try_next="Start from Now.")
    return SweepId(found)
