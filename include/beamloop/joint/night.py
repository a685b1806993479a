"""What one run of the DAG refine_joint takes up."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.group_tasks import note_joint_tasks
from beamloop.catalog.joint import load_joint
from beamloop.catalog.joint_requests import waiting_joints
from beamloop.joint.ask import ask_for_groups
from beamloop.records.identifiers import CollectionId
from beamloop.records.joint import JointId

# Airflow fails a task that maps over more than core.max_map_length (1024); what is left waits for the next
# night.
GROUPS_PER_RUN = 1000


def take_up_groups(
    catalog: Catalog,
    dials_version: str,
    *,
    dag_run_id: str,
    joint_ids: Sequence[int] | None = None,
    collection_id: int | None = None,
    group: str | None = None,
    beamlines_directory: Path | None = None,
) -> list[list[object]]:
    """Ask for the groups that changed, and return the joint refinements that wait.

    Parameters
    ----------
    catalog
        The catalogue.
    dials_version
        E.g. "3.12.1".
    dag_run_id
        The DAG run that takes them up: a mapped task for each, in this order.
    joint_ids
        Only these, where given; then nothing is asked for.
    collection_id, group
        Only the groups of this collection, and of this name, are asked for.
    beamlines_directory
        Folder of the beamlines' files, which say what one program may use.

    Returns
    -------
    list
        Number and name of each, e.g. [[3, "plate3 A"]]; what an earlier night left undone comes first.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        if joint_ids is not None:
            chosen = waiting_joints(connection, [JointId(joint_id) for joint_id in joint_ids])
        else:
            collection = None if collection_id is None else CollectionId(collection_id)
            ask_for_groups(
                connection,
                dials_version,
                requested_by="refine_joint",
                collection_id=collection,
                group=group,
                beamlines_directory=beamlines_directory,
            )
            chosen = waiting_joints(connection)
        joints = [load_joint(connection, joint_id) for joint_id in chosen[:GROUPS_PER_RUN]]
        note_joint_tasks(connection, dag_run_id, [joint.joint_id for joint in joints])
    return [[joint.joint_id, joint.name] for joint in joints]
