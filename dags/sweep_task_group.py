"""The six programs of one sweep, each a task; mapped over the sweeps of a request."""

from airflow.sdk import TriggerRule, chain, task, task_group

from connect_services import connect_services
from end_with_supervisor import ended_with_supervisor
from translate_errors import fail_when_permanent, show_outcome

STEPS = ("import", "find_spots", "index", "refine", "integrate", "export")


@task_group(group_id="sweep")
def process_sweep(run: list[object]) -> None:
    """Process one sweep.

    Parameters
    ----------
    run
        The run's number and the sweep's name, e.g. [17, "xtal2_1"].
    """
    # A sweep that is further on goes first, so that first results come early.
    chain(*(_step_task(step, priority)(run) for priority, step in enumerate(STEPS, start=1)))


def _step_task(step: str, priority: int):  # type: ignore[no-untyped-def] # the decorator's own type is private
    @task(
        task_id=step,
        pool="dials",
        map_index_template="{{ task.op_args[0][1] }}",
        priority_weight=priority,
        weight_rule="arrivals_first.ArrivalsFirst",
        do_xcom_push=False,
        # Runs after a skip too, to be skipped itself: Airflow names an instance only when it has run, and
        # its log then says why the sweep ended.
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    @fail_when_permanent
    def do_step(run: list[object]) -> None:
        from beamloop.records.identifiers import RunId
        from beamloop.sweep.stage import run_step

        with ended_with_supervisor():
            # A supervisor that died before this line is noticed here: the connections come through it.
            services = connect_services()
            outcome = run_step(services, RunId(int(str(run[0]))), step)
        show_outcome(outcome)

    return do_step
