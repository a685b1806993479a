"""What earlier tasks of a run have returned, kept for a while by a worker.

Every task of a mapped group asks Airflow's API for the whole list that the group is mapped over: one of its
five requests. What a task has returned changes only when it runs again, for which a person clears it: Airflow
counts that in the run, and tells each task that starts.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any

# Clearing can be asked for so that Airflow does not count it; and a person may edit what a task has returned.
KEPT_S = 60.0
# A worker has the tasks of few runs in a minute.
KEPT_AT_MOST = 16
RETURNED = "return_value"  # what a task has returned; other things it may say again and again

Question = tuple[Any, ...]


class Results:
    """The results that a worker has asked for lately.

    Parameters
    ----------
    clock_s
        Seconds that never go back.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._run: Question = ()
        self._kept: OrderedDict[Question, tuple[float, Any]] = OrderedDict()

    def note_run(self, run: Any) -> None:
        """Take up of which run the worker's next task is: dag_id, run_id, clear_number."""
        self._run = (run.dag_id, run.run_id, run.clear_number)

    def of_this_run(self, dag_id: str, run_id: str, key: str) -> bool:
        """Tell whether something is a task's result, of the run that the worker's task is of."""
        return key == RETURNED and (dag_id, run_id) == self._run[:2]

    def get(self, question: Question, ask: Callable[[], Any]) -> Any:
        """Return an answer that is young enough, or ask for it."""
        question = (self._run, *question)
        now_s = self._clock_s()
        asked_at_s, answer = self._kept.get(question, (-KEPT_S, None))
        if answer is not None and now_s - asked_at_s < KEPT_S:
            return answer
        answer = ask()
        # Airflow says None of what is not there, or not yet.
        if answer.value is not None:
            self._kept[question] = (now_s, answer)
            while len(self._kept) > KEPT_AT_MOST:
                self._kept.popitem(last=False)
        return answer


def remember_results() -> None:
    """Let each worker forked from here remember results."""
    from airflow.sdk.api.client import TaskInstanceOperations, XComOperations

    results = Results()
    TaskInstanceOperations.start = noting_run(TaskInstanceOperations.start, results)  # type: ignore[method-assign]
    XComOperations.get = remembering(XComOperations.get, results)  # type: ignore[method-assign]


def noting_run(start: Callable[..., Any], results: Results) -> Callable[..., Any]:
    """Return a way to say that a task starts, which notes its run."""

    @wraps(start)
    def start_noting(*task: Any, **details: Any) -> Any:
        context = start(*task, **details)
        results.note_run(context.dag_run)
        return context

    return start_noting


def remembering(ask: Callable[..., Any], results: Results) -> Callable[..., Any]:
    """Return a way to ask for what a task has said, which asks seldom for what it has returned."""

    @wraps(ask)
    def get(
        operations: Any,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        map_index: int | None = None,
        include_prior_dates: bool = False,
    ) -> Any:
        def ask_airflow() -> Any:
            return ask(operations, dag_id, run_id, task_id, key, map_index, include_prior_dates)

        if include_prior_dates or not results.of_this_run(dag_id, run_id, key):
            return ask_airflow()
        return results.get((task_id, map_index), ask_airflow)

    return get
