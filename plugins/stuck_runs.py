# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Let Airflow's scheduler see with one question that a run is not stuck.

When no task of a run may start, Airflow 3.3.2 asks whether any unfinished one is allowed to, in the order of
the database, some five statements each. One that is at work was allowed, and answers for all.
"""

from functools import wraps
from typing import Any


def ask_first_of_tasks_at_work() -> None:
    """Let `DagRun._are_premature_tis` begin with the tasks that wait for their turn, run, or are deferred."""
    from airflow.models.dagrun import DagRun
    from airflow.ti_deps.dependencies_states import SCHEDULEABLE_STATES

    any_order = DagRun._are_premature_tis

    @wraps(any_order)
    def those_at_work_first(
        self: Any, unfinished_tis: list[Any], finished_tis: list[Any], session: Any
    ) -> tuple[bool, bool]:
        ordered = sorted(unfinished_tis, key=lambda ti: ti.state in SCHEDULEABLE_STATES)
        return any_order(self, ordered, finished_tis, session)

    DagRun._are_premature_tis = those_at_work_first  # type: ignore[method-assign,assignment]
