"""Which version of a DAG the scheduler takes for the newest, and when it looks what a run has of it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.dags


class Scheduler:
    """Asks for versions, at times of the test's own, of a database that has but one DAG's."""

    def __init__(self) -> None:
        from known_versions import Versions

        self.now_s = 100.0
        self.newest = uuid4()
        self.asked = 0
        self.versions = Versions(clock_s=lambda: self.now_s)

    def scalar(self, _: Any) -> Any:
        self.asked += 1
        return self.newest

    def finds(self) -> Any:
        return self.versions.newest("process_collection", self)

    def has(self, run: Any) -> bool:
        return self.versions.is_of(run, self)


class Run(SimpleNamespace):
    """A run that has tasks of some versions."""

    def check_version_id_exists_in_dr(self, version: Any, session: Scheduler) -> Any:
        session.asked += 1
        return version if version in self.versions else None


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def session(run_of_chains: Any) -> Iterator[Any]:
    from airflow.settings import Session

    assert Session is not None
    made = Session()
    yield made
    made.rollback()
    made.close()


def test_the_newest_version_is_asked_for_once_a_second(scheduler: Scheduler) -> None:
    first = scheduler.finds()
    scheduler.newest = uuid4()
    scheduler.now_s += 0.9
    assert scheduler.finds() == first
    assert scheduler.asked == 1
    scheduler.now_s += 0.1
    assert scheduler.finds() == scheduler.newest


def test_a_run_of_the_newest_version_is_asked_once(scheduler: Scheduler) -> None:
    run = Run(dag_id="process_collection", id=7, versions={scheduler.newest})
    assert [scheduler.has(run) for _ in range(3)] == [True] * 3
    assert scheduler.asked == 2


def test_a_run_without_tasks_of_the_newest_version_is_left_to_airflow(scheduler: Scheduler) -> None:
    run = Run(dag_id="process_collection", id=7, versions={scheduler.newest})
    assert scheduler.has(run)
    scheduler.newest = uuid4()
    scheduler.now_s += 1.0
    assert not scheduler.has(run)
    # Airflow has made them.
    run.versions.add(scheduler.newest)
    assert scheduler.has(run)


def test_a_dag_without_versions_is_left_to_airflow(scheduler: Scheduler) -> None:
    scheduler.newest = None  # type: ignore[assignment] # there is none
    assert not scheduler.has(Run(dag_id="process_collection", id=7, versions=set()))


def test_it_is_the_version_that_airflow_finds(run_of_chains: Any, session: Any) -> None:
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    from known_versions import Versions

    newest = DagVersion.get_latest_version(run_of_chains.dag_id, session=session)
    run = session.scalar(select(DagRun).where(DagRun.run_id == run_of_chains.run_id))
    assert newest is not None
    assert Versions().newest(run.dag_id, session) == newest.id
    assert Versions().is_of(run, session) == bool(
        run.check_version_id_exists_in_dr(newest.id, session=session)
    )
