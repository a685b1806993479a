# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler the loading of tasks of which only the end is to be noted.

When the executor says that a task has ended, Airflow 3.3.2 loads and locks it with its run, its DAG, their
versions and the run's events, some six statements, in case the task has not said so itself. A task that has
is in its last state, and all that is done of it is a line in the log.
"""

import logging
from functools import wraps
from typing import Any

from sqlalchemy import select, tuple_

log = logging.getLogger("beamloop.ended_tasks")

# Whatever the executor says of a task in one of these, Airflow changes nothing.
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed", "up_for_retry"})
# What the executor says of a task that has run.
SAID = frozenset({"success", "failed"})


def note_ends_of_tasks_only() -> None:
    """Let the scheduler leave alone the tasks whose end it knows."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    process = SchedulerJobRunner._process_executor_events

    @wraps(process)
    def processed(self: Any, executor: Any, session: Any) -> int:
        drop_known_ends(executor.event_buffer, session)
        return process(self, executor, session) if executor.event_buffer else 0

    SchedulerJobRunner._process_executor_events = processed  # type: ignore[method-assign]


def drop_known_ends(events: dict[Any, Any], session: Any) -> None:
    """Take out of what the executor says what Airflow's database says too.

    Parameters
    ----------
    events
        By the key of a task instance, or of something else; changed.
    session
        Where to ask.
    """
    from airflow.models.taskinstance import TaskInstance as Task
    from airflow.models.taskinstancekey import TaskInstanceKey

    said = {key for key, (state, _) in events.items() if isinstance(key, TaskInstanceKey) and state in SAID}
    if not said:
        return
    names = (Task.dag_id, Task.task_id, Task.run_id, Task.try_number, Task.map_index)
    are_said = tuple_(*names).in_([tuple(key) for key in said])
    for *name, state, duration_s in session.execute(
        select(*names, Task.state, Task.duration).where(are_said)
    ):
        if state in ENDED:
            key = TaskInstanceKey(*name)
            del events[key]
            log.info("Task ended: %s, %s after %s s", key, state, duration_s)
