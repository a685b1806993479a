"""What the page *Collection* asks of a report on isomorphism: crystals, groups, trees, files by number."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import known_file, stored_object
from beamloop.catalog.connection import QUERIES
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """What a page needs to know of a report before it shows it."""

    collection_id: CollectionId  # 5
    limit_percent: float  # 1.0
    setting: str  # "conventional I"


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group of a report."""

    group_id: GroupId  # 4
    name: str  # "A"
    lcv_percent: float  # 0.31
    alcv_angstrom: float  # 0.42
    crystals: int  # 31
    sweeps: int  # 30


@dataclass(frozen=True, slots=True)
class ReportCrystal:
    """A crystal of a report; cells are a, b, c in angstrom, alpha, beta, gamma in degrees."""

    serial: int | None  # 1: its leaf; None for what is in no tree
    run_id: RunId  # 17
    crystal_number: int  # 1
    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    standing: str  # "member"
    space_group: str  # "H 3"
    cell: list[float]  # as it was refined
    common_cell: list[float] | None  # in the report's setting
    robust_z: float | None  # 1.4
    sentence: str  # why it is set aside, or ""
    group_id: GroupId | None  # None: in no group


@dataclass(frozen=True, slots=True)
class NumberedFile:
    """A published file by its number."""

    artifact_id: int  # 311
    name: str  # "report.html"
    size_bytes: int


def published_report(connection: Connection, report_id: int) -> PublishedReport:
    """Return what a report is of.

    Raises
    ------
    NotFoundError
        When there is no published report of this number.
    """
    row = QUERIES.page_published_report(connection, report_id=report_id)
    if row is None:
        raise NotFoundError(f"There is no report with the number {report_id}.", try_next="Start from Now.")
    return PublishedReport(**row)


def groups_listed(connection: Connection, report_id: ReportId) -> list[ListedGroup]:
    """Return the groups of a report, the largest first."""
    return [ListedGroup(**row) for row in QUERIES.page_groups_of_report(connection, report_id=report_id)]


def crystals_of_report(connection: Connection, report_id: ReportId) -> list[ReportCrystal]:
    """Return the crystals of a report by serial number, those in no tree last."""
    rows = QUERIES.page_crystals_of_report(connection, report_id=report_id)
    return [ReportCrystal(**row) for row in rows]


def crystals_of_sweeps(
    connection: Connection, sweep_ids: Sequence[SweepId]
) -> dict[SweepId, tuple[RunId, int]]:
    """Return the newest processed run of each sweep, and how many crystals it has."""
    rows = QUERIES.page_crystals_of_sweeps(connection, sweep_ids=list(sweep_ids))
    return {row["sweep_id"]: (RunId(row["run_id"]), row["crystals"]) for row in rows}


def tree_of_report(connection: Connection, report_id: ReportId) -> StoredObject | None:
    """Return where a report's trees are; None where it has none, as one of a single crystal."""
    row = QUERIES.page_tree_of_report(connection, report_id=report_id)
    return stored_object(row) if row else None


def files_of_report(connection: Connection, report_id: ReportId) -> list[NumberedFile]:
    """Return the published files of a report."""
    return [NumberedFile(**row) for row in QUERIES.page_files_of_report(connection, report_id=report_id)]


def file_of_report(connection: Connection, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a report's file and where it is in the store.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    return known_file(QUERIES.page_file_of_report(connection, artifact_id=artifact_id), artifact_id)
