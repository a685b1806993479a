# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler questions whose answer is known: of tasks that may start for sure.

What `ready_tasks.py` leaves is mostly the next task of a chain whose forerunner has just succeeded. For each,
Airflow 3.3.2 asks the database how long the group's list is, how many forerunners of which index there are,
and what became of the list: a fifth of what the scheduler needs, to say yes.
"""

from collections.abc import Set
from functools import wraps
from typing import Any

from ready_tasks import WAIT_FOR_ALL


def ask_nothing_of_certain_tasks() -> None:
    """Let `DagRun._get_ready_tis` take for ready, without a question, what is ready for sure."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    ready_tis = DagRun._get_ready_tis
    ask = TaskInstance.are_dependencies_met
    certain: set[Any] = set()

    @wraps(ready_tis)
    def ready(self: Any, schedulable_tis: list[Any], finished_tis: list[Any], session: Any) -> Any:
        succeeded = {(ti.task_id, ti.map_index) for ti in finished_tis if ti.state == "success"}
        # A setup that is no direct forerunner has a say, too.
        if not any(task.is_setup or task.is_teardown for task in self.dag.tasks):
            certain.update(ti.id for ti in schedulable_tis if is_certain(ti, succeeded))
        try:
            return ready_tis(self, schedulable_tis, finished_tis, session)
        finally:
            certain.clear()

    @wraps(ask)
    def met(self: Any, *context: Any, **how: Any) -> bool:
        return self.id in certain or ask(self, *context, **how)

    DagRun._get_ready_tis = ready  # type: ignore[method-assign]
    TaskInstance.are_dependencies_met = met  # type: ignore[method-assign]


def is_certain(instance: Any, succeeded: Set[tuple[str, int]]) -> bool:
    """Tell whether a task instance may start for sure; False where that takes a closer look.

    So it is in a mapped group that is made into instances, when it waits for all its forerunners and they
    have succeeded: those of the group in its own map index, those outside of any group, and what the list
    is made of. It has not run yet, or was cleared: one that is tried again waits for its time.

    Parameters
    ----------
    instance
        Of the run that is looked at, with the scheduler's form of its task.
    succeeded
        Task id and map index of instances of that run.
    """
    task = instance.task
    group = task.get_closest_mapped_task_group()
    if instance.state is not None or instance.map_index < 0 or group is None or task.is_mapped:
        return False
    if task.trigger_rule not in WAIT_FOR_ALL or task.depends_on_past or task.wait_for_downstream:
        return False
    if len(list(group.iter_mapped_task_groups())) > 1:
        return False
    needed = {_needed(each, group, instance.map_index) for each in task.upstream_list}
    lists = {(each.task_id, -1) for each in group.iter_mapped_dependencies()}
    return bool(needed) and needed | lists <= succeeded


def _needed(task: Any, group: Any, map_index: int) -> tuple[str, int] | None:
    """Return the one instance of a forerunner that a map index of its followers needs, None if it is more."""
    own = task.get_closest_mapped_task_group()
    # A task that chooses its followers settles them by itself.
    if task.is_mapped or task.inherits_from_skipmixin or (own and own.group_id != group.group_id):
        return None
    return task.task_id, map_index if own else -1
