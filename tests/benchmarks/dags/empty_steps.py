"""process_collection without its work: as many tasks, in the same order, for what they cost by themselves.

Put into a stack by `BEAMLOOP_DAGS`; see tests/benchmarks/measure_tasks.py.
"""

from airflow.sdk import Param, TriggerRule, chain, dag, get_current_context, task, task_group

STEPS = ("import", "find_spots", "index", "refine", "integrate", "export")


@task
def list_runs() -> list[list[object]]:
    """As many sweeps as asked for."""
    return [[number, f"xtal{number}_1"] for number in range(get_current_context()["params"]["sweeps"])]


@task_group(group_id="sweep")
def process_sweep(run: list[object]) -> None:
    """Do nothing six times."""
    chain(*(_step_task(step, priority)(run) for priority, step in enumerate(STEPS, start=1)))


def _step_task(step: str, priority: int):  # type: ignore[no-untyped-def] # the decorator's own type is private
    @task(
        task_id=step,
        pool="dials",
        map_index_template="{{ task.op_args[0][1] }}",
        priority_weight=priority,
        weight_rule="absolute",
        do_xcom_push=False,
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    def do_step(run: list[object]) -> None:
        pass

    return do_step


@task(trigger_rule=TriggerRule.ALL_DONE)
def summarise() -> None:
    """End."""


@dag(
    dag_id="empty_steps",
    schedule=None,
    params={"sweeps": Param(12, type="integer", minimum=1, description="How many sweeps are made up.")},
    max_active_runs=32,
    max_active_tasks=16,
    catchup=False,
    render_template_as_native_obj=True,
)
def empty_steps() -> None:
    """Order of the tasks."""
    process_sweep.expand(run=list_runs()) >> summarise()


empty_steps()
