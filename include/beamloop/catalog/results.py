"""Results for people: the newest run of each sweep with its figures."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.identifiers import CollectionId, RequestId, RunId, SweepId, natural_order
from beamloop.records.outcome import Outcome, OutcomeCode


@dataclass(frozen=True, slots=True)
class SweepResult:
    """One sweep as its newest run left it; None where the run did not come so far."""

    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    image_count: int  # 12
    run_id: RunId | None  # 17
    started_at: datetime | None  # UTC
    ended_at: datetime | None  # UTC
    outcome: Outcome | None  # None while the run goes on
    last_trouble: str  # words of the last transient error, or ""
    steps_done: frozenset[str]  # {"import", "find_spots"}
    spot_count: int | None  # 214
    crystal_step: str | None  # "refine": the step that the next figures are of
    space_group: str | None  # "H 3"
    cell: tuple[float, ...] | None  # a, b, c in angstrom, alpha, beta, gamma in degrees
    cell_su: tuple[float, ...] | None  # same units
    indexed_count: int | None  # 181
    rmsd_x_mm: float | None  # 0.045
    rmsd_y_mm: float | None  # 0.041
    rmsd_x_px: float | None  # 0.26
    rmsd_y_px: float | None  # 0.24
    rmsd_phi_deg: float | None  # 0.12
    distance_mm: float | None  # 250.1
    beam_x_mm: float | None  # 84.6
    beam_y_mm: float | None  # 89.9
    summed_count: int | None  # 912
    profile_fitted_count: int | None  # 0
    mean_i_over_sigma: float | None  # 6.1
    d_min_angstrom: float | None  # 3.0
    for_merging: bool | None
    cpu_s: float | None  # 22.1: all programs of the run
    peak_memory_bytes: int | None
    code_before: OutcomeCode | None  # "no_lattice": of the run whose second chance this one is


@dataclass(frozen=True, slots=True)
class CollectionPlace:
    """A collection and where it is."""

    collection_id: CollectionId  # 5
    beamline: str  # "i24"
    name: str  # "plate3"
    directory: Path


@dataclass(frozen=True, slots=True)
class CollectionEntry:
    """A collection in a list of collections."""

    collection_id: CollectionId  # 5
    beamline: str  # "i24"
    name: str  # "plate3"
    directory: Path
    registered_at: datetime  # UTC
    sweeps: int  # 12
    ended: int  # 11
    processed: int  # 10


SAME_NAME = (
    "sweep_id sweep run_id started_at ended_at last_trouble spot_count crystal_step space_group "
    "indexed_count rmsd_x_mm rmsd_y_mm rmsd_x_px rmsd_y_px rmsd_phi_deg distance_mm beam_x_mm beam_y_mm "
    "summed_count profile_fitted_count mean_i_over_sigma d_min_angstrom for_merging cpu_s peak_memory_bytes"
).split()


def results_of_collection(
    connection: Connection, collection_id: CollectionId, request_id: RequestId | None = None
) -> list[SweepResult]:
    """Return each sweep of a collection with its newest run.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection.
    request_id
        Only the runs of this request, where given.

    Returns
    -------
    list of SweepResult
        In natural order of the sweep's name.
    """
    rows = QUERIES.results_of_collection(connection, collection_id=collection_id, request_id=request_id)
    return sorted((_result(row) for row in rows), key=lambda result: natural_order(result.sweep))


def _result(row: Row) -> SweepResult:
    values: dict[str, Any] = {name: row[name] for name in SAME_NAME}
    ended = row["code"] is not None
    return SweepResult(
        **values,
        image_count=row["image_last"] - row["image_first"] + 1 - len(row["missing_images"]),
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["outcome_step"]) if ended else None,
        steps_done=frozenset(row["steps_done"]),
        cell=tuple(row["cell"]) if row["cell"] else None,
        cell_su=tuple(row["cell_su"]) if row["cell_su"] else None,
        code_before=OutcomeCode(row["code_before"]) if row["code_before"] else None,
    )


def collection_of_request(connection: Connection, request_id: RequestId) -> CollectionId:
    """Return the collection that a request belongs to."""
    return CollectionId(QUERIES.request_by_id(connection, request_id=request_id)["collection_id"])


def find_collections(connection: Connection, text: str) -> list[CollectionId]:
    """Return the collections with this folder or this name, the newest first."""
    return [place.collection_id for place in find_places(connection, text)]


def find_places(connection: Connection, text: str) -> list[CollectionPlace]:
    """Return the collections with this folder or this name and where they are, the newest first."""
    return [
        CollectionPlace(row["collection_id"], row["beamline"], row["name"], Path(row["directory"]))
        for row in QUERIES.find_collections(connection, text=text)
    ]


def recent_collections(connection: Connection, limit: int) -> list[CollectionEntry]:
    """Return the newest collections, at most `limit`, and how their sweeps' newest runs stand."""
    rows = QUERIES.recent_collections(connection, limit=limit)
    return [CollectionEntry(**row | {"directory": Path(row["directory"])}) for row in rows]
