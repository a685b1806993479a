"""What pages ask of joint refinements and merges: those of a collection, the newest of each group; files."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import known_file
from beamloop.catalog.connection import QUERIES
from beamloop.catalog.page_report import NumberedFile
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId
from beamloop.records.joint import JointId
from beamloop.records.merging import MergeId


@dataclass(frozen=True, slots=True)
class ListedJoint:
    """A joint refinement of a group; figures are None until it is refined."""

    joint_id: JointId  # 3
    group_id: GroupId  # 4
    group_name: str  # "A"
    collection_id: CollectionId  # 1
    state: str  # "published"
    sentence: str
    requested_by: str  # "refine_joint"
    asked_at: datetime  # UTC
    ended_at: datetime | None  # UTC
    lcv_before_percent: float | None  # 1.71
    lcv_after_percent: float | None  # 0.47
    spread_before_percent: float | None  # 0.42: largest standard deviation of an axis over its mean
    spread_after_percent: float | None  # 0.11
    rmsd_x_before_mm: float | None  # 0.041
    rmsd_x_after_mm: float | None
    rmsd_y_before_mm: float | None
    rmsd_y_after_mm: float | None
    crystals: int  # 8
    report_file: int | None  # 12: number of report.html
    dag_run_id: str | None  # "joint-3-3": the run of refine_joint that took it up last
    map_index: int | None  # 0: its mapped task there


@dataclass(frozen=True, slots=True)
class ListedMerge:
    """A merge of a group."""

    merge_id: MergeId  # 2
    group_id: GroupId  # 4
    group_name: str  # "A"
    collection_id: CollectionId  # 1
    state: str  # "merged"
    sentence: str
    requested_by: str
    asked_at: datetime  # UTC
    ended_at: datetime | None  # UTC
    space_group: str | None  # "P 21 21 21"
    cell: list[float] | None  # angstrom, degrees
    dataset_count: int | None  # 3
    dag_run_id: str | None  # "merge-2-2-20261121T093300": the run of merge_group that took it up last
    map_index: int | None  # 0: its mapped task there


def joints_listed(connection: Connection, collection_id: CollectionId) -> list[ListedJoint]:
    """Return the newest joint refinement of each group of a collection, by the groups' age."""
    rows = QUERIES.page_joints_of_collection(connection, collection_id=collection_id)
    return [ListedJoint(**row) for row in rows]


def merges_listed(connection: Connection, collection_id: CollectionId) -> list[ListedMerge]:
    """Return the newest merge of each group of a collection, by the groups' age."""
    rows = QUERIES.page_merges_of_collection(connection, collection_id=collection_id)
    return [ListedMerge(**row) for row in rows]


def files_of_joint(connection: Connection, joint_id: JointId) -> list[NumberedFile]:
    """Return the published files of a joint refinement; names have their step before them."""
    rows = QUERIES.page_files_of_joint(connection, joint_id=joint_id)
    return [
        NumberedFile(row["artifact_id"], f"{row['step']}/{row['name']}", row["size_bytes"]) for row in rows
    ]


def files_of_merge(connection: Connection, merge_id: MergeId) -> list[NumberedFile]:
    """Return the published files of a merge."""
    return [NumberedFile(**row) for row in QUERIES.page_files_of_merge(connection, merge_id=merge_id)]


def file_of_joint(connection: Connection, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a joint refinement's file and where it is in the store.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    return known_file(QUERIES.page_file_of_joint(connection, artifact_id=artifact_id), artifact_id)


def file_of_merge(connection: Connection, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a merge's file and where it is in the store.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    return known_file(QUERIES.page_file_of_merge(connection, artifact_id=artifact_id), artifact_id)
