"""What a worker keeps of what earlier tasks of a run have returned, and for how long."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.dags


class Airflow:
    """Has what tasks returned, counts how often it was asked, and starts tasks."""

    def __init__(self) -> None:
        from remembered_results import Results, noting_run, remembering

        self.now_s, self.asked = 1000.0, 0
        self.value: list[str] | None = ["a"]
        results = Results(clock_s=lambda: self.now_s)
        self.get = remembering(self._answer, results)
        self._start = noting_run(lambda run: SimpleNamespace(dag_run=run), results)

    def _answer(self, *question: Any) -> Any:
        self.asked += 1
        return SimpleNamespace(value=self.value)

    def start_task(self, run_id: str = "run", clear_number: int = 0) -> None:
        """Start a task of a run."""
        self._start(SimpleNamespace(dag_id="dag", run_id=run_id, clear_number=clear_number))


@pytest.fixture
def airflow() -> Airflow:
    made = Airflow()
    made.start_task()
    return made


QUESTION = (None, "dag", "run", "list_runs", "return_value")


def test_the_tasks_of_a_group_have_their_list_asked_for_once(airflow: Airflow) -> None:
    for _ in range(3):
        airflow.start_task()
        assert airflow.get(*QUESTION).value == ["a"]
    assert airflow.asked == 1


def test_each_task_and_each_map_index_has_a_result_of_its_own(airflow: Airflow) -> None:
    for task_id in ("list_runs", "list_second_chances"):
        for map_index in (None, 0, 1):
            airflow.get(None, "dag", "run", task_id, "return_value", map_index)
    assert airflow.asked == 6


def test_a_list_is_asked_for_again_when_a_person_has_cleared_tasks_of_the_run(airflow: Airflow) -> None:
    airflow.get(*QUESTION)
    airflow.start_task(clear_number=1)
    airflow.value = ["b"]
    assert airflow.get(*QUESTION).value == ["b"]


def test_a_list_is_asked_for_again_after_a_minute(airflow: Airflow) -> None:
    from remembered_results import KEPT_S

    airflow.get(*QUESTION)
    airflow.now_s += KEPT_S
    airflow.value = ["edited"]
    assert airflow.get(*QUESTION).value == ["edited"]


def test_what_is_not_there_yet_is_asked_for_again(airflow: Airflow) -> None:
    airflow.value = None
    assert airflow.get(*QUESTION).value is None
    airflow.value = ["a"]
    assert airflow.get(*QUESTION).value == ["a"]


def test_what_a_task_says_besides_and_what_other_runs_have_is_always_asked_for(airflow: Airflow) -> None:
    for _ in range(2):
        airflow.get(None, "dag", "run", "list_runs", "progress")
        airflow.get(None, "dag", "another run", "list_runs", "return_value")
        airflow.get(None, "another dag", "run", "list_runs", "return_value")
        airflow.get(*QUESTION, None, True)
    assert airflow.asked == 8


def test_a_worker_does_not_gather_results_for_ever(airflow: Airflow) -> None:
    from remembered_results import KEPT_AT_MOST

    for map_index in (0, *range(1, KEPT_AT_MOST + 1), 0):
        airflow.get(*QUESTION, map_index)
    assert airflow.asked == KEPT_AT_MOST + 2


def test_airflows_own_ways_are_changed_as_they_are_called() -> None:
    import inspect

    from airflow.sdk.api.client import XComOperations

    from remembered_results import Results, remembering

    own = inspect.signature(XComOperations.get)
    ours = inspect.signature(remembering(XComOperations.get, Results()), follow_wrapped=False)
    names = [name for name in own.parameters if name != "self"]
    assert [name for name in ours.parameters if name != "operations"] == names
