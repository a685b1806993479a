"""Spare Airflow's scheduler looks at runs in which nothing has happened.

In each pass, one for each task that ends, Airflow 3.3.2 loads all task instances of every DAG run that is at
work, the ended ones too. What can start in a run changes when one of its tasks ends, which the executor is
told; all else (a retry that is due, a person who marks or clears a task) is seen a few seconds later.
"""

import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

# A run in which nothing has happened is looked at as often as this all the same.
AGAIN_AFTER_S = 3.0

RunName = tuple[str, str]  # dag id and run id


class RunsWithNews:
    """Knows of which DAG runs the scheduler has seen the newest state.

    Parameters
    ----------
    clock_s
        Seconds that never go back.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._seen_at_s: dict[RunName, float] = {}
        self._with_news: set[RunName] = set()

    def note(self, dag_id: str, run_id: str) -> None:
        """Note that something has happened in a run."""
        self._with_news.add((dag_id, run_id))

    def choose(self, runs: Sequence[Any]) -> list[Any]:
        """Return those of the runs at work that are to be looked at now, in their order.

        Parameters
        ----------
        runs
            All of Airflow's DAG runs that are at work.
        """
        now_s = self._clock_s()
        chosen = [run for run in runs if self._is_due(run, now_s)]
        looked_at = {_name(run) for run in chosen}
        # Of runs that are not at work any more nothing is kept.
        self._seen_at_s = {
            name: now_s if name in looked_at else self._seen_at_s[name] for name in map(_name, runs)
        }
        self._with_news -= looked_at
        return chosen

    def _is_due(self, run: Any, now_s: float) -> bool:
        name = _name(run)
        seen_at_s = self._seen_at_s.get(name)
        # A run that a person has begun anew has no last decision.
        if seen_at_s is None or run.last_scheduling_decision is None:
            return True
        return name in self._with_news or now_s - seen_at_s >= AGAIN_AFTER_S


def _name(run: Any) -> RunName:
    return (run.dag_id, run.run_id)


def look_at_runs_with_news() -> RunsWithNews:
    """Let the scheduler look at runs with news only; return where news are noted."""
    from airflow.models.dagrun import DagRun

    news = RunsWithNews()
    all_at_work = DagRun.get_running_dag_runs_to_examine
    decide = DagRun.task_instance_scheduling_decisions

    def examined(cls: Any, session: Any) -> list[Any]:
        return news.choose(list(all_at_work(session=session)))

    @wraps(decide)
    def decided(self: Any, **session: Any) -> Any:
        decision = decide(self, **session)
        if decision.changed_tis:
            # A group was made into instances, or tasks were skipped: others may start for it.
            news.note(self.dag_id, self.run_id)
        return decision

    DagRun.get_running_dag_runs_to_examine = classmethod(examined)  # type: ignore[method-assign,assignment]
    DagRun.task_instance_scheduling_decisions = decided  # type: ignore[method-assign]
    return news
