"""Let Airflow's scheduler load the task instances of a run without the run beside each of them.

Airflow 3.3.2 joins the row of the DAG run to that of every task instance and reads its columns, JSON among
them, anew for each: half of the time that loading many of them takes.
"""

from functools import wraps
from typing import Any


def load_run_once() -> None:
    """Let the instances of a whole run refer to the run that they are loaded for."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import State
    from sqlalchemy import select
    from sqlalchemy.orm import lazyload
    from sqlalchemy.orm.attributes import set_committed_value

    joined = DagRun.get_task_instances

    @wraps(joined)
    def loaded(self: Any, state: Any = None, **asked: Any) -> list[Any]:
        session = asked.get("session")
        is_part = self.dag is not None and self.dag.partial
        # What the scheduler asks for in each pass; everything else is left as it is.
        if state is not State.task_states or is_part or session is None or self not in session:
            return joined(self, state, **asked)
        found = session.scalars(
            select(TaskInstance)
            .options(lazyload(TaskInstance.dag_run))
            .where(TaskInstance.dag_id == self.dag_id, TaskInstance.run_id == self.run_id)
            .order_by(TaskInstance.task_id, TaskInstance.map_index)
        ).all()
        for instance in found:
            set_committed_value(instance, "dag_run", self)
        return list(found)

    DagRun.get_task_instances = loaded  # type: ignore[method-assign]
