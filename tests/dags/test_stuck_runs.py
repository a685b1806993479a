"""Whether a run is stuck: the same answer, with fewer questions."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.dags


class Instance(SimpleNamespace):
    """A task instance that notes when it is asked."""

    def are_dependencies_met(self, **_: Any) -> bool:
        self.asked.append(self.name)
        return bool(self.state == "running")


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    from airflow.models.dagrun import DagRun

    import stuck_runs

    monkeypatch.setattr(DagRun, "_are_premature_tis", DagRun._are_premature_tis)
    stuck_runs.ask_first_of_tasks_at_work()

    def asked_of(*states: str | None) -> tuple[bool, list[int]]:
        asked: list[int] = []
        instances = [Instance(name=name, state=state, asked=asked) for name, state in enumerate(states)]
        found, changed = DagRun._are_premature_tis(DagRun(), instances, [], None)  # type: ignore[arg-type]
        assert not changed
        return found, asked

    return asked_of


def test_a_running_task_answers_for_those_that_wait(ask: Any) -> None:
    assert ask(None, None, "up_for_retry", "running", None) == (True, [3])


def test_every_task_is_asked_where_none_is_at_work(ask: Any) -> None:
    assert ask(None, "up_for_retry", None) == (False, [0, 1, 2])
