"""What the pages *Groups* and *Group* ask: who belongs to a group, what was refined and merged of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.page_joint import ListedJoint, ListedMerge
from beamloop.errors import NotFoundError
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId, natural_order
from beamloop.records.joint import JointId
from beamloop.records.merging import MergeId


@dataclass(frozen=True, slots=True)
class PlacedGroup:
    """A group, and the newest report that names it; None where there is none."""

    group_id: GroupId  # 4
    name: str  # "A"
    made_at: datetime  # UTC
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    beamline: str  # "i24"
    directory: Path
    report_id: ReportId | None  # 31
    published_at: datetime | None  # UTC
    limit_percent: float | None  # 1.0
    setting: str | None  # "conventional I"
    lcv_percent: float | None  # 0.31
    alcv_angstrom: float | None  # 0.42
    is_newest: bool  # False: the collection has a later report, which does not name the group
    report_file: int | None  # 12: number of that report's report.html


@dataclass(frozen=True, slots=True)
class GroupCrystal:
    """A crystal of a group."""

    run_id: RunId  # 17
    crystal_number: int  # 1
    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    space_group: str  # "H 3"
    common_cell: list[float]  # a, b, c in angstrom, alpha, beta, gamma in degrees, in the report's setting
    robust_z: float | None  # 1.4


@dataclass(frozen=True, slots=True)
class ListedWork:
    """A group with the newest joint refinement and the newest merge of it; None where there is none."""

    group_id: GroupId  # 4
    group_name: str  # "A"
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    beamline: str  # "i24"
    asked_at: datetime  # UTC, for the last of them
    joint_id: JointId | None  # 3
    joint_state: str | None  # "published"
    joint_sentence: str | None
    joint_ended_at: datetime | None  # UTC
    crystals: int  # 8, asked to take part
    lcv_before_percent: float | None  # 1.71
    lcv_after_percent: float | None  # 0.47
    spread_before_percent: float | None  # 0.42: largest standard deviation of an axis over its mean
    spread_after_percent: float | None  # 0.11
    merge_id: MergeId | None  # 2
    merge_state: str | None  # "merged"
    merge_sentence: str | None
    merge_ended_at: datetime | None  # UTC
    dataset_count: int | None  # 3
    d_min_angstrom: float | None  # 1.8, of all merged reflections
    completeness_percent: float | None  # 98.2
    cc_half: float | None  # 0.996


def group_by_id(connection: Connection, group_id: int) -> PlacedGroup:
    """Return a group.

    Raises
    ------
    NotFoundError
        When it is not there.
    """
    row = QUERIES.page_group_by_id(connection, group_id=group_id)
    if row is None:
        raise NotFoundError(f"There is no group with the number {group_id}.", try_next="Start from Groups.")
    return PlacedGroup(**row | {"directory": Path(row["directory"])})


def crystals_of_group(connection: Connection, group: PlacedGroup) -> list[GroupCrystal]:
    """Return a group's crystals in the newest report that names it, in natural order of the sweeps."""
    if group.report_id is None:
        return []
    rows = QUERIES.page_members_of_group(connection, report_id=group.report_id, group_id=group.group_id)
    found = [GroupCrystal(**row) for row in rows]
    return sorted(found, key=lambda one: (one.collection, natural_order(one.sweep), one.crystal_number))


def joints_of_group(connection: Connection, group_id: GroupId, limit: int) -> list[ListedJoint]:
    """Return the joint refinements of a group, the newest first."""
    rows = QUERIES.page_joints_of_group(connection, group_id=group_id, limit=limit)
    return [ListedJoint(**row) for row in rows]


def merges_of_group(connection: Connection, group_id: GroupId, limit: int) -> list[ListedMerge]:
    """Return the merges of a group, the newest first."""
    return [
        ListedMerge(**row) for row in QUERIES.page_merges_of_group(connection, group_id=group_id, limit=limit)
    ]


def groups_worked_on(
    connection: Connection,
    beamline: str | None = None,
    *,
    group_ids: Sequence[GroupId] | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[ListedWork], int]:
    """Return a part of the groups that were refined or merged, and how many there are; the last asked first.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Only this one; None: all.
    group_ids
        Only these; None: all.
    limit, offset
        Which part.
    """
    rows = list(
        QUERIES.page_groups(
            connection,
            beamline=beamline,
            group_ids=None if group_ids is None else list(group_ids),
            limit=limit,
            offset=offset,
        )
    )
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [ListedWork(**row) for row in rows], total
