"""Which of Airflow's mapped tasks does which joint refinement or merge: the way from one to the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import GroupId
from beamloop.records.joint import JointId
from beamloop.records.merging import MergeId


@dataclass(frozen=True, slots=True)
class GroupTask:
    """A mapped task of refine_joint or merge_group, and what it is about."""

    map_index: int  # 0
    number: int  # 3, of the joint refinement or the merge
    group_id: GroupId  # 4


def note_joint_tasks(connection: Connection, dag_run_id: str, joint_ids: Sequence[JointId]) -> None:
    """Keep what the mapped tasks of a run of refine_joint do; a second word of one run replaces the first.

    Parameters
    ----------
    connection
        Inside a transaction.
    dag_run_id
        The DAG run.
    joint_ids
        In the order in which the tasks are mapped, from index 0.
    """
    QUERIES.forget_joint_tasks(connection, dag_run_id=dag_run_id)
    QUERIES.put_joint_tasks(connection, dag_run_id=dag_run_id, joint_ids=list(joint_ids))


def note_merge_tasks(connection: Connection, dag_run_id: str, merge_ids: Sequence[MergeId]) -> None:
    """Keep what the mapped tasks of a run of merge_group do; see :func:`note_joint_tasks`."""
    QUERIES.forget_merge_tasks(connection, dag_run_id=dag_run_id)
    QUERIES.put_merge_tasks(connection, dag_run_id=dag_run_id, merge_ids=list(merge_ids))


def joint_tasks_of(connection: Connection, dag_run_id: str) -> list[GroupTask]:
    """Return what the tasks of a run of refine_joint do, in the order of their map index."""
    return [GroupTask(**row) for row in QUERIES.joint_tasks_of(connection, dag_run_id=dag_run_id)]


def merge_tasks_of(connection: Connection, dag_run_id: str) -> list[GroupTask]:
    """Return what the tasks of a run of merge_group do, in the order of their map index."""
    return [GroupTask(**row) for row in QUERIES.merge_tasks_of(connection, dag_run_id=dag_run_id)]
