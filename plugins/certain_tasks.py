# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler questions whose answer is known: of tasks that may start for sure.

What `ready_tasks.py` leaves is mostly the next task of a chain whose forerunner has just succeeded. For each,
Airflow 3.3.2 asks the database how long the group's list is, how many forerunners of which index there are,
and what became of the list: a fifth of what the scheduler needs, to say yes. When a group gets its list, it
asks so of each new instance in turn.
"""

from collections.abc import Mapping
from functools import wraps
from typing import Any

from ready_tasks import WAIT_FOR_ALL

Ended = Mapping[tuple[str, int], str | None]  # states by task id and map index


def ask_nothing_of_certain_tasks() -> None:
    """Let `DagRun._get_ready_tis` take for ready, without a question, what is ready for sure."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    ready_tis = DagRun._get_ready_tis
    ask = TaskInstance.are_dependencies_met
    # While a run is looked at: the ids of what is certain, of what was there before, and what has ended how.
    certain: set[Any] = set()
    before: set[Any] = set()
    ended: dict[tuple[str, int], str | None] = {}

    @wraps(ready_tis)
    def ready(self: Any, schedulable_tis: list[Any], finished_tis: list[Any], session: Any) -> Any:
        # A setup that is no direct forerunner has a say, too.
        if any(task.is_setup or task.is_teardown for task in self.dag.tasks):
            return ready_tis(self, schedulable_tis, finished_tis, session)
        ended.update({(ti.task_id, ti.map_index): ti.state for ti in finished_tis})
        before.update(ti.id for ti in schedulable_tis)
        certain.update(ti.id for ti in schedulable_tis if is_certain(ti, ended))
        try:
            return ready_tis(self, schedulable_tis, finished_tis, session)
        finally:
            for each in (certain, before, ended):
                each.clear()

    @wraps(ask)
    def met(self: Any, *context: Any, **how: Any) -> bool:
        if self.id in certain:
            return True
        if before and self.id not in before:  # its group has just been made into instances
            if is_certain(self, ended):
                return True
            if waits_in_new_group(self, ended):
                return False
        return ask(self, *context, **how)

    DagRun._get_ready_tis = ready  # type: ignore[method-assign]
    TaskInstance.are_dependencies_met = met  # type: ignore[method-assign]


def is_certain(instance: Any, ended: Ended) -> bool:
    """Tell whether a task instance may start for sure; False where that takes a closer look.

    So it is in a mapped group that is made into instances, when it waits for all its forerunners and they
    have succeeded: those of the group in its own map index, those outside of any group, and what the list
    is made of. It has not run yet, or was cleared: one that is tried again waits for its time.

    Parameters
    ----------
    instance
        Of the run that is looked at, with the scheduler's form of its task.
    ended
        States by task id and map index of the instances of that run that have ended.
    """
    needed = _needed(instance)
    return bool(needed) and all(ended.get(each) == "success" for each in needed)


def waits_in_new_group(instance: Any, ended: Ended) -> bool:
    """Tell whether an instance that has just been made waits for sure, for one that is as new as itself.

    Parameters
    ----------
    instance, ended
        As of :func:`is_certain`.
    """
    needed = _needed(instance)
    # A person may have marked a forerunner before it was made into instances.
    is_marked = any((task_id, -1) in ended for task_id, map_index in needed if map_index >= 0)
    return not is_marked and {ended.get(each) for each in needed} == {"success", None}


def _needed(instance: Any) -> set[tuple[str, int]]:
    """Return the instances that alone settle whether one of a mapped group may start; none if more do."""
    task = instance.task
    group = task.get_closest_mapped_task_group()
    if instance.state is not None or instance.map_index < 0 or group is None or task.is_mapped:
        return set()
    if task.trigger_rule not in WAIT_FOR_ALL or task.depends_on_past or task.wait_for_downstream:
        return set()
    if len(list(group.iter_mapped_task_groups())) > 1 or not task.upstream_list:
        return set()
    found = {(each.task_id, -1) for each in group.iter_mapped_dependencies()}
    for each in task.upstream_list:
        own = each.get_closest_mapped_task_group()
        # A task that chooses its followers settles them by itself.
        if each.is_mapped or each.inherits_from_skipmixin or (own and own.group_id != group.group_id):
            return set()
        found.add((each.task_id, instance.map_index if own else -1))
    return found
