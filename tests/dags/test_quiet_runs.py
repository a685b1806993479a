"""Which runs the scheduler looks at: those with news at once, the others now and then."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.dags


class Scheduler:
    """Looks at runs, at times of the test's own."""

    def __init__(self) -> None:
        from quiet_runs import RunsWithNews

        self.now_s = 100.0
        self.news = RunsWithNews(clock_s=lambda: self.now_s)

    def look(self, *runs: Any) -> list[str]:
        chosen = self.news.choose(runs)
        for run in chosen:
            run.last_scheduling_decision = "just now"
        return [run.run_id for run in chosen]


def at_work(name: str) -> Any:
    return SimpleNamespace(dag_id="process_collection", run_id=name, last_scheduling_decision=None)


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


def test_a_new_run_is_looked_at_at_once_and_then_left_alone(scheduler: Scheduler) -> None:
    first, second = at_work("first"), at_work("second")
    assert scheduler.look(first) == ["first"]
    assert scheduler.look(first, second) == ["second"]
    assert scheduler.look(first, second) == []


def test_a_run_whose_task_has_ended_is_looked_at_once(scheduler: Scheduler) -> None:
    runs = at_work("first"), at_work("second")
    scheduler.look(*runs)
    scheduler.news.note("process_collection", "second")
    assert scheduler.look(*runs) == ["second"]
    assert scheduler.look(*runs) == []


def test_news_of_a_run_that_another_scheduler_holds_are_kept(scheduler: Scheduler) -> None:
    first, second = at_work("first"), at_work("second")
    scheduler.look(first, second)
    scheduler.news.note("process_collection", "second")
    assert scheduler.look(first) == []
    assert scheduler.look(first, second) == ["second"]


def test_a_retry_that_is_due_and_what_people_change_is_seen_after_a_while(scheduler: Scheduler) -> None:
    from quiet_runs import AGAIN_AFTER_S

    run = at_work("first")
    scheduler.look(run)
    scheduler.now_s += AGAIN_AFTER_S - 0.1
    assert scheduler.look(run) == []
    scheduler.now_s += 0.1
    assert scheduler.look(run) == ["first"]


def test_a_run_that_a_person_begins_anew_is_looked_at_at_once(scheduler: Scheduler) -> None:
    run = at_work("first")
    scheduler.look(run)
    run.last_scheduling_decision = None
    assert scheduler.look(run) == ["first"]


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let Airflow's DagRun be changed as in the scheduler; where news are noted."""
    from airflow.models.dagrun import DagRun

    import quiet_runs

    monkeypatch.setattr(DagRun, "get_running_dag_runs_to_examine", lambda session: iter(session))
    monkeypatch.setattr(
        DagRun,
        "task_instance_scheduling_decisions",
        lambda self, session: SimpleNamespace(changed_tis=session),
    )
    return quiet_runs.look_at_runs_with_news()


def test_the_scheduler_gets_the_runs_with_news_only(patched: Any) -> None:
    from airflow.models.dagrun import DagRun

    examine: Any = DagRun.get_running_dag_runs_to_examine
    run = at_work("first")
    assert examine(session=[run]) == [run]
    run.last_scheduling_decision = "just now"
    assert examine(session=[run]) == []
    patched.note("process_collection", "first")
    assert examine(session=[run]) == [run]


def test_a_run_in_which_a_look_itself_changed_tasks_is_looked_at_again(patched: Any) -> None:
    from airflow.models.dagrun import DagRun

    examine: Any = DagRun.get_running_dag_runs_to_examine
    run = DagRun(dag_id="process_collection", run_id="first")
    run.last_scheduling_decision = "just now"  # type: ignore[assignment]
    decide: Any = run.task_instance_scheduling_decisions
    assert examine(session=[run]) == [run]
    decide(session=False)
    assert examine(session=[run]) == []
    decide(session=True)
    assert examine(session=[run]) == [run]
