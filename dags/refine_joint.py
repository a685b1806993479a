"""Refine the crystals of each isomorphous group together: nightly, and when a person asks for it.

list_groups ▸ group: refine ▸ integrate ▸ report (per group whose members changed)

A group whose members, options and DIALS are those of before is not refined again. A result that is worse than
the single refinements is kept and explained, not published: its group ends as skipped.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from connect_services import beamlines_directory, connect_catalog, connect_dials
from joint_task_group import refine_group
from translate_errors import fail_when_permanent


@task
@fail_when_permanent
def list_groups() -> list[list[object]]:
    """Ask for the groups that changed; return what waits, each with its name."""
    from beamloop.joint.night import take_up_groups

    context = get_current_context()
    params = context["params"]
    with connect_catalog() as catalog:
        return take_up_groups(
            catalog,
            connect_dials().version(),
            dag_run_id=context["run_id"],
            joint_ids=params["joint_ids"],
            collection_id=params["collection_id"],
            group=params["group"],
            beamlines_directory=beamlines_directory(),
        )


@dag(
    dag_id="refine_joint",
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC"),
    params={
        "joint_ids": Param(
            None,
            type=["null", "array"],
            items={"type": "integer"},
            description="Only these joint refinements, which `beamloop joint` has asked for.",
        ),
        "collection_id": Param(
            None, type=["null", "integer"], description="Only the groups of this collection."
        ),
        "group": Param(None, type=["null", "string"], description="Only the groups of this name."),
    },
    default_args={
        "retries": 6,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
    },
    max_active_runs=2,
    max_active_tasks=16,
    catchup=False,
    render_template_as_native_obj=True,
    tags=["beamloop"],
    doc_md=__doc__,
)
def refine_joint() -> None:
    """Order of the tasks."""
    refine_group.expand(group=list_groups())


refine_joint()
