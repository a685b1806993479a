"""Following one DAG run in a shell: what is said, and when it is enough."""

import io
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
from rich.console import Console

from beamloop.cli import follow_dag_run as following
from beamloop.cli.follow_dag_run import follow_dag_run
from beamloop.errors import PermanentError
from beamloop.local_stack.airflow_rest import AirflowClient

pytestmark = pytest.mark.unit


class RunStates:
    """An Airflow that answers with one state after the other."""

    def __init__(self, *states: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self._states = iter(states)

    def dag_run_state(self, dag_id: str, dag_run_id: str) -> str:
        self.asked.append((dag_id, dag_run_id))
        return next(self._states)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL_S", 0.0)


def follow(airflow: RunStates, progress: Sequence[str]) -> list[str]:
    words: Iterator[str] = iter(progress)
    console = Console(file=io.StringIO(), width=80)
    follow_dag_run(
        cast(AirflowClient, airflow),
        "refine_joint",
        "joint-3-4",
        lambda: next(words),
        console,
        given_up="It waits for the next night.",
        try_next="Clear the run.",
    )
    return cast(io.StringIO, console.file).getvalue().splitlines()


def test_each_news_is_said_once_until_all_has_ended() -> None:
    airflow = RunStates("queued", "running", "running")
    said = follow(airflow, ["Waiting", "[A]: refine done", "[A]: refine done", "", ""])
    assert said == ["Waiting", "[A]: refine done"]
    assert set(airflow.asked) == {("refine_joint", "joint-3-4")}


def test_what_the_last_task_recorded_before_its_run_ended_counts() -> None:
    assert follow(RunStates("success"), ["Waiting", ""]) == ["Waiting"]


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_run_that_ended_without_its_work_is_told_with_its_name(state: str) -> None:
    with pytest.raises(PermanentError, match="next night") as caught:
        follow(RunStates(state), ["Waiting", "Waiting"])
    assert caught.value.evidence == "the run joint-3-4 of refine_joint in Airflow"
    assert caught.value.try_next == "Clear the run."
