# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler questions whose answer is known: of tasks that wait for a forerunner for sure.

In each pass Airflow 3.3.2 asks of every unfinished task whether it may start, with some five statements each:
three quarters of a pass over 12 sweeps, and more over more. In a chain of tasks within one mapped group only
the first unfinished task of each index can be ready, and none of a group whose list is not made yet.
"""

from functools import wraps
from typing import Any

# Rules that wait for every forerunner, and that the success of one of them does not settle otherwise.
WAIT_FOR_ALL = frozenset(
    {
        "all_done",
        "all_done_min_one_success",
        "all_success",
        "none_failed",
        "none_failed_min_one_success",
        "none_skipped",
    }
)

Instances = set[tuple[str, int]]  # task id and map index, -1 where a task is not mapped


def ask_only_of_hopeful_tasks() -> None:
    """Let `DagRun._get_ready_tis` not be asked of tasks that cannot be ready."""
    from airflow.models.dagrun import DagRun

    ready_tis = DagRun._get_ready_tis

    @wraps(ready_tis)
    def ready_of_hopeful(self: Any, schedulable_tis: list[Any], finished_tis: list[Any], session: Any) -> Any:
        if any(task.is_setup or task.is_teardown for task in self.dag.tasks):
            # A setup that is no direct forerunner settles what waits for others.
            return ready_tis(self, schedulable_tis, finished_tis, session)
        unfinished = {(ti.task_id, ti.map_index) for ti in schedulable_tis} | _at_work(self, session)
        succeeded = {(ti.task_id, ti.map_index) for ti in finished_tis if ti.state == "success"}
        hopeful = [
            ti for ti in schedulable_tis if not is_hopeless(ti.task, ti.map_index, unfinished, succeeded)
        ]
        return ready_tis(self, hopeful, finished_tis, session)

    DagRun._get_ready_tis = ready_of_hopeful  # type: ignore[method-assign]


def is_hopeless(task: Any, map_index: int, unfinished: Instances, succeeded: Instances) -> bool:
    """Tell whether a task instance waits for a forerunner for sure; False where that takes a closer look.

    So it is when it waits for all its forerunners, and each of those has either succeeded or is one that is
    unfinished whatever this pass does. A mapped group that gets its list in this pass is made into instances
    by it, one task after the other: there, only a forerunner outside of the group counts as unfinished.

    Parameters
    ----------
    task
        The scheduler's form of the task.
    map_index
        Of the instance; -1 when it is in no mapped group, or in one without its list.
    unfinished, succeeded
        The instances of the run.
    """
    if task.is_mapped or task.trigger_rule not in WAIT_FOR_ALL:
        return False
    group = task.get_closest_mapped_task_group()
    waits = False
    for earlier in task.upstream_list:
        theirs = earlier.get_closest_mapped_task_group()
        is_of_own_group = _same(theirs, group)
        # A task that chooses its followers settles them by itself.
        if earlier.is_mapped or earlier.inherits_from_skipmixin:
            return False
        # Of another group that is made into instances, there is no -1.
        instance = (earlier.task_id, map_index if is_of_own_group else -1)
        if instance in unfinished:
            waits = waits or map_index >= 0 or not is_of_own_group
        elif instance not in succeeded:
            return False
    return waits


def _same(one: Any, other: Any) -> bool:
    return one is not None and other is not None and bool(one.group_id == other.group_id)


def _at_work(dag_run: Any, session: Any) -> Instances:
    """Return the instances of a run that wait for their turn, run, or are deferred."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.ti_deps.dependencies_states import SCHEDULEABLE_STATES
    from airflow.utils.state import State
    from sqlalchemy import select

    states = [state for state in State.unfinished if state not in SCHEDULEABLE_STATES]
    found = session.execute(
        select(TaskInstance.task_id, TaskInstance.map_index).where(
            TaskInstance.dag_id == dag_run.dag_id,
            TaskInstance.run_id == dag_run.run_id,
            TaskInstance.state.in_(states),
        )
    )
    return {(task_id, map_index) for task_id, map_index in found}
