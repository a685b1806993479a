"""Asking for the joint refinement of a group, the same work once, and what waits."""

from collections.abc import Sequence

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import GroupSnapshot
from beamloop.records.joint import JointId, JointOptions, joint_key


def ask_for_joint(
    connection: Connection,
    group: GroupSnapshot,
    options: JointOptions,
    dials_version: str,
    *,
    requested_by: str,
    again: bool = False,
) -> JointId | None:
    """Ask for the joint refinement of a group as it is now.

    Parameters
    ----------
    connection
        Inside a transaction.
    group
        The group and its members.
    options
        How to refine.
    dials_version
        The DIALS that will do it, e.g. "3.12.1".
    requested_by
        A person, or "refine_joint".
    again
        Ask for work that is known too, unless it waits still.

    Returns
    -------
    JointId or None
        None when this work is known.
    """
    key = joint_key(group.members, options, dials_version)
    known = QUERIES.joint_repetitions(connection, group_id=group.group_id, work_sha256=key)
    if known["repetition"] > 0 and (known["waits"] or not again):
        return None
    joint_id = QUERIES.put_joint(
        connection,
        group_id=group.group_id,
        report_id=group.report_id,
        work_sha256=key,
        repetition=known["repetition"],
        options=Json(options.as_json()),
        dials_version=dials_version,
        requested_by=requested_by,
    )
    if joint_id is None:  # another asker was faster
        return None
    for member in group.members:
        QUERIES.add_joint_member(
            connection,
            joint_id=joint_id,
            run_id=member.run_id,
            crystal_number=member.crystal_number,
            space_group=member.space_group,
        )
    return JointId(joint_id)


def waiting_joints(connection: Connection, chosen: Sequence[JointId] | None = None) -> list[JointId]:
    """Return the joint refinements that have not ended, the oldest first; of these only, where given."""
    rows = QUERIES.waiting_joints(connection, joint_ids=None if chosen is None else list(chosen))
    return [JointId(row["joint_id"]) for row in rows]


def collections_with_groups(connection: Connection) -> list[CollectionId]:
    """Return the collections that a report has sorted into groups."""
    return [CollectionId(row["collection_id"]) for row in QUERIES.collections_with_groups(connection)]
