"""A pass of the scheduler is whole where something waits, and now and then; else it is one question."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.dags

DAG_ID = "chains_of_each_rule"


@pytest.fixture
def session(run_of_chains: Any) -> Iterator[Any]:
    """Provide Airflow's database in which nothing waits: what a test changes is undone."""
    from airflow.models.asset import AssetDagRunQueue, AssetPartitionDagRun
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.settings import Session

    assert Session is not None
    made = Session()
    made.execute(update(DagRun).values(state="success"))
    made.execute(update(DagModel).values(next_dagrun_create_after=None, is_paused=False, is_stale=False))
    for rows in (AssetDagRunQueue, AssetPartitionDagRun):
        made.execute(delete(rows))
    yield made
    made.rollback()
    made.close()


def due(session: Any, **values: Any) -> None:
    from airflow.models.dag import DagModel

    session.execute(update(DagModel).where(DagModel.dag_id == DAG_ID).values(**values))


def test_nothing_waits_where_all_runs_have_ended_and_no_time_has_come(session: Any) -> None:
    from resting_scheduler import something_waits

    due(session, next_dagrun_create_after=datetime.now(UTC) + timedelta(minutes=1))
    assert not something_waits(session)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_that_has_not_ended_is_gone_on_with(session: Any, state: str) -> None:
    from airflow.models.dagrun import DagRun

    from resting_scheduler import something_waits

    session.execute(update(DagRun).where(DagRun.dag_id == DAG_ID).values(state=state))
    assert something_waits(session)


def test_a_run_is_made_when_its_time_has_come_and_the_dag_is_not_paused(session: Any) -> None:
    from resting_scheduler import something_waits

    due(session, next_dagrun_create_after=datetime.now(UTC) - timedelta(seconds=1))
    assert something_waits(session)
    due(session, is_paused=True)
    assert not something_waits(session)


def test_an_event_of_an_asset_is_taken_up(session: Any) -> None:
    from airflow.models.asset import AssetDagRunQueue, AssetModel

    from resting_scheduler import something_waits

    asset = AssetModel(name="an event", uri="an event", group="asset")
    session.add(asset)
    session.flush()
    session.add(AssetDagRunQueue(asset_id=asset.id, target_dag_id=DAG_ID))
    session.flush()
    assert something_waits(session)


class Scheduler:
    """Makes passes at times of the test's own."""

    def __init__(self) -> None:
        from resting_scheduler import Passes

        self.now_s = 1000.0
        self.waits: bool | Exception = False
        self.asked = self.rolled_back = 0
        self.passes = Passes(self.something_waits, clock_s=lambda: self.now_s)

    def something_waits(self, _: Any) -> bool:
        self.asked += 1
        if isinstance(self.waits, Exception):
            raise self.waits
        return self.waits

    def rollback(self) -> None:
        self.rolled_back += 1

    def makes_a_whole_pass(self, *, is_at_work: bool = False) -> bool:
        return self.passes.begin(SimpleNamespace(rollback=self.rollback), is_at_work=is_at_work)


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


def test_the_first_pass_is_whole_and_then_one_now_and_then(scheduler: Scheduler) -> None:
    from resting_scheduler import WHOLE_PASS_AFTER_S

    assert scheduler.makes_a_whole_pass()
    assert not scheduler.makes_a_whole_pass()
    scheduler.now_s += WHOLE_PASS_AFTER_S - 0.1
    assert not scheduler.makes_a_whole_pass()
    scheduler.now_s += 0.1
    assert scheduler.makes_a_whole_pass()
    assert not scheduler.makes_a_whole_pass()


def test_every_pass_is_whole_for_as_long_as_something_waits(scheduler: Scheduler) -> None:
    scheduler.makes_a_whole_pass()
    scheduler.waits = True
    assert scheduler.makes_a_whole_pass()
    assert scheduler.makes_a_whole_pass()
    scheduler.waits = False
    assert not scheduler.makes_a_whole_pass()


def test_nothing_is_asked_while_tasks_are_at_work(scheduler: Scheduler) -> None:
    scheduler.makes_a_whole_pass()
    assert scheduler.makes_a_whole_pass(is_at_work=True)
    assert scheduler.asked == 0


def test_a_database_that_is_away_is_left_to_airflows_own_pass(scheduler: Scheduler) -> None:
    scheduler.makes_a_whole_pass()
    scheduler.waits = OperationalError("SELECT", {}, Exception("away"))
    assert scheduler.makes_a_whole_pass()
    assert scheduler.rolled_back == 1


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let Airflow's scheduler be changed, and provide what of it is called."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    import resting_scheduler

    names: list[str] = []

    def schedule(*_: Any) -> int:
        names.append("schedule")
        return 3

    monkeypatch.setattr(SchedulerJobRunner, "_do_scheduling", schedule)
    for name in ("_enqueue_executor_callbacks", "_enqueue_connection_tests"):
        monkeypatch.setattr(SchedulerJobRunner, name, lambda *_, name=name, **__: names.append(name))
    monkeypatch.setattr(resting_scheduler, "something_waits", lambda session: session == "work")
    resting_scheduler.ask_before_passes()
    return names


def test_a_pass_that_is_not_whole_does_nothing_of_airflows(called: list[str]) -> None:
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    executor = SimpleNamespace(slots_occupied=0)
    scheduler: Any = SimpleNamespace(executors=[executor])

    def make_a_pass(session: Any) -> int:
        queued = SchedulerJobRunner._do_scheduling(scheduler, session)
        SchedulerJobRunner._enqueue_executor_callbacks(scheduler, session)
        SchedulerJobRunner._enqueue_connection_tests(scheduler, session=session)
        return int(queued)

    whole = ["schedule", "_enqueue_executor_callbacks", "_enqueue_connection_tests"]
    assert make_a_pass("work") == 3
    assert called == whole
    assert make_a_pass("rest") == 0
    assert called == whole
    executor.slots_occupied = 1
    assert make_a_pass("rest") == 3
    # Connections to be tested and callbacks are looked for now and then, at work too.
    assert called == [*whole, "schedule"]
