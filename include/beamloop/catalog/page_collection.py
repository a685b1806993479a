"""What the pages *Collections* and *Collection* ask: the list, and one collection's sweeps in parts."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId
from beamloop.records.isomorphism import Standing, WordKind
from beamloop.records.outcome import NEED_A_PERSON, OutcomeCode

FAULTS = [code.value for code in NEED_A_PERSON]

Order = Literal[
    "sweep", "outcome", "space_group", "groups", "a", "b", "c", "alpha", "beta", "gamma", "indexed", "rmsd_x",
    "rmsd_y", "rmsd_phi", "ended",
]  # fmt: skip
# Beside these, each reason code is a state to ask for.
State = Literal["processed", "without_result", "need_a_person", "at_work", "waiting"]


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A collection, and how the runs that stand for its sweeps ended."""

    collection_id: CollectionId  # 5
    beamline: str  # "i24"
    name: str  # "plate3"
    directory: Path
    registered_at: datetime  # UTC
    sweeps: int  # 73
    processed: int  # 60
    without_result: int  # 9
    unfinished: int  # 4: at work or waiting
    verdict: str | None  # "isomorphous", of the newest report
    verdict_sentence: str | None


@dataclass(frozen=True, slots=True)
class SweepWish:
    """Which sweeps of a collection, in which order."""

    order: Order = "sweep"
    down: bool = False
    text: str | None = None  # "xtal1_": part of the name, whatever its case
    state: State | OutcomeCode | None = None
    group_id: GroupId | None = None  # a crystal of it is in this group of the report
    standing: Standing | None = None  # a crystal of it stands so in the report
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One sweep as its newest run that stands left it; None where the run did not come so far."""

    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    images: int  # 12, from the first number to the last
    missing_images: int  # 1 of them
    run_id: RunId | None  # 17
    started_at: datetime | None  # UTC
    ended_at: datetime | None  # UTC
    last_trouble: str | None  # words of the last transient error, or ""
    code: str | None  # "no_lattice"; None while the run goes on
    outcome_step: str | None  # "index"
    sentence: str | None
    crystal_step: str | None  # "refine": the step that the next figures are of
    space_group: str | None  # "H 3", of the first crystal
    cell: list[float] | None  # a, b, c in angstrom, alpha, beta, gamma in degrees
    indexed_count: int | None  # 181
    rmsd_x_px: float | None  # 0.26
    rmsd_y_px: float | None  # 0.24
    rmsd_phi_deg: float | None  # 0.12
    groups: list[str] | None  # ["A"], of its crystals in the newest report
    standings: list[str] | None  # ["member"], likewise
    steps_done: list[str]  # ["import", "find_spots"]
    rungs: int  # 3: how many ways of indexing were tried
    word: WordKind | None  # what a person said last of the whole sweep
    word_by: str | None  # "anna"
    word_at: datetime | None  # UTC
    word_why: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for a collection: a DAG run of process_collection."""

    dag_run_id: str  # "plate3-1f0c9a.request-7"
    requested_by: str  # "anna"
    requested_at: datetime  # UTC
    started_at: datetime | None
    ended_at: datetime | None


def list_collections(
    connection: Connection, *, text: str | None, beamline: str | None, limit: int, offset: int
) -> tuple[list[ListedCollection], int]:
    """Return a part of the collections, the newest first, and how many there are in all.

    Parameters
    ----------
    connection
        Inside a transaction.
    text
        Part of the name or the folder, whatever its case; None: all.
    beamline
        Only this one; None: all.
    limit, offset
        Which part.
    """
    rows = list(
        QUERIES.page_collections(connection, text=text, beamline=beamline, limit=limit, offset=offset)
    )
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [ListedCollection(**row | {"directory": Path(row["directory"])}) for row in rows], total


def collection_sweeps(
    connection: Connection, collection_id: CollectionId, report_id: ReportId | None, wish: SweepWish
) -> tuple[list[SweepRow], int]:
    """Return a part of a collection's sweeps, and how many fit the wish in all.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection.
    report_id
        The report whose groups are shown; None: there is none yet.
    wish
        Filters, order and part.
    """
    asked = asdict(wish)
    rows = QUERIES.page_collection_sweeps(
        connection,
        collection_id=collection_id,
        report_id=report_id,
        need_a_person=FAULTS,
        sort=asked.pop("order"),
        **asked,
    )
    found = list(rows)
    total = found[0]["total"] if found else 0
    return [SweepRow(**{name: row[name] for name in SweepRow.__slots__}) for row in found], total


def collection_counts(connection: Connection, collection_id: CollectionId) -> dict[str, int]:
    """Return how many sweeps ended with each reason code, are "at_work" or "waiting", the most first."""
    rows = QUERIES.page_collection_counts(connection, collection_id=collection_id)
    return {row["state"]: row["count"] for row in rows}


def requests_of(connection: Connection, collection_id: CollectionId, limit: int) -> list[Asked]:
    """Return what was asked for a collection, the newest first."""
    rows = QUERIES.page_requests_of_collection(connection, collection_id=collection_id, limit=limit)
    return [Asked(**row) for row in rows]


def report_is_due(connection: Connection, collection_id: CollectionId, report_id: ReportId | None) -> bool:
    """Tell whether results or words have come since a report, or the next one is being made."""
    return bool(QUERIES.page_report_is_due(connection, collection_id=collection_id, report_id=report_id or 0))
