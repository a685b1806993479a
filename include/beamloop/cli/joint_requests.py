"""From groups that changed to a run of the DAG refine_joint, and its end."""

from collections.abc import Sequence

from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.catalog.joint_results import JointResult, joint_result, joints_of_collection
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.choices import person
from beamloop.cli.follow_dag_run import follow_dag_run
from beamloop.cli.session import find_dials, load_settings, open_airflow
from beamloop.joint.ask import DEFAULT_OPTIONS, ask_for_groups
from beamloop.records.joint import JointId, JointOptions, JointState

DAG = "refine_joint"


def ask_and_start(
    catalog: Catalog,
    place: CollectionPlace,
    *,
    group: str | None = None,
    options: JointOptions = DEFAULT_OPTIONS,
    again: bool = False,
) -> list[JointId]:
    """Ask for the groups of a collection that changed, and start a DAG run for them.

    Returns
    -------
    list of JointId
        The new ones; nothing is started where there are none.
    """
    with catalog.transaction() as connection:
        asked = ask_for_groups(
            connection,
            find_dials().version(),
            requested_by=person(),
            collection_id=place.collection_id,
            group=group,
            options=options,
            again=again,
            beamlines_directory=load_settings().beamlines_directory,
        )
    if asked:
        with open_airflow() as airflow:
            airflow.trigger(DAG, _dag_run_id(asked), {"joint_ids": asked})
    return asked


def _dag_run_id(asked: Sequence[JointId]) -> str:
    return f"joint-{asked[0]}-{asked[-1]}"


def follow_joints(catalog: Catalog, asked: Sequence[JointId], console: Console) -> list[JointResult]:
    """Say how far they are until all have ended.

    Raises
    ------
    PermanentError
        When Airflow has given up.
    """
    with open_airflow() as airflow:
        follow_dag_run(
            airflow,
            DAG,
            _dag_run_id(asked),
            lambda: _progress(results_of(catalog, asked)),
            console,
            given_up="Airflow ended without finishing the joint refinement; it waits for the next night.",
            try_next="Look at the task's log; clear the run to go on at once.",
        )
    return results_of(catalog, asked)


def _progress(results: Sequence[JointResult]) -> str:
    """Say which step each group has behind it; nothing when all have ended."""
    if all(result.joint.state is not JointState.WAITING for result in results):
        return ""
    parts = [f"{r.joint.group_name}: {r.steps[-1].step} done, {r.steps[-1].finding}"
             for r in results if r.steps]  # fmt: skip
    return "; ".join(parts) or "Waiting for Airflow"


def results_of(catalog: Catalog, asked: Sequence[JointId]) -> list[JointResult]:
    """Return joint refinements as they are now."""
    with catalog.transaction() as connection:
        return [joint_result(connection, joint_id) for joint_id in asked]


def newest_joints(catalog: Catalog, place: CollectionPlace, group: str | None = None) -> list[JointResult]:
    """Return the newest joint refinement of each group, and the newest published one."""
    with catalog.transaction() as connection:
        found = joints_of_collection(connection, place.collection_id)
    return [result for result in found if group in (None, result.joint.group_name)]
