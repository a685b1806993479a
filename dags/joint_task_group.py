"""The steps of one joint refinement, each a task; mapped over the groups of a night."""

from airflow.sdk import TriggerRule, chain, task, task_group

from connect_services import connect_services
from end_with_supervisor import ended_with_supervisor
from translate_errors import fail_when_permanent, show_joint

# Refinement needs the memory, integration the cores.
POOLS = {"refine": "refinement", "integrate": "dials", "report": "dials"}


@task_group(group_id="group")
def refine_group(group: list[object]) -> None:
    """Refine one group.

    Parameters
    ----------
    group
        The joint refinement's number, and collection and group by name, e.g. [3, "plate3 A"].
    """
    chain(*(_step_task(step)(group) for step in POOLS))


def _step_task(step: str):  # type: ignore[no-untyped-def] # the decorator's own type is private
    @task(
        task_id=step,
        pool=POOLS[step],
        map_index_template="{{ task.op_args[0][1] }}",
        do_xcom_push=False,
        # Runs after a skip too, to be skipped itself: its log then says why the group ended.
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    @fail_when_permanent
    def do_step(group: list[object]) -> None:
        from beamloop.joint.stage import run_joint_step
        from beamloop.records.joint import JointId

        with ended_with_supervisor():
            # A supervisor that died before this line is noticed here: the connections come through it.
            services = connect_services()
            joint = run_joint_step(services, JointId(int(str(group[0]))), step)
        show_joint(joint)

    return do_step
