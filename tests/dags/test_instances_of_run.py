"""The task instances that the scheduler loads: the same, each with its run, in one statement."""

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.dags


@pytest.fixture
def loading_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.dagrun import DagRun

    import instances_of_run

    monkeypatch.setattr(DagRun, "get_task_instances", DagRun.get_task_instances)
    instances_of_run.load_run_once()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Provide the statements that are sent to Airflow's database."""
    from airflow import settings
    from sqlalchemy import event

    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(settings.engine, "before_cursor_execute", note)
    yield sent
    event.remove(settings.engine, "before_cursor_execute", note)


def facts(instances: list[Any]) -> list[tuple[Any, ...]]:
    return [(ti.id, ti.task_id, ti.map_index, ti.state, ti.try_number, ti.dag_run.conf) for ti in instances]


def test_they_are_the_same_and_know_their_run_without_asking_for_it(
    run_of_chains: Any, loading_once: None, statements: list[str]
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State

    with create_session() as session:
        run: Any = session.get(DagRun, run_of_chains.id)
        stock = DagRun.fetch_task_instances(run.dag_id, run.run_id, session=session)
        expected = facts(stock)
        session.expunge_all()
        run = session.get(DagRun, run_of_chains.id)
        statements.clear()
        found = run.get_task_instances(state=State.task_states, session=session)
        assert facts(found) == expected
        assert all(ti.dag_run is run for ti in found)
        assert not session.dirty
    assert len(expected) > 10
    assert len(statements) == 1
    assert "JOIN" not in statements[0]


def test_a_part_of_them_is_loaded_as_airflow_does(
    run_of_chains: Any, loading_once: None, statements: list[str]
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        run: Any = session.get(DagRun, run_of_chains.id)
        found = run.get_task_instances(state=["failed"], session=session)
        everything = run.get_task_instances(session=session)
    assert {ti.state for ti in found} <= {"failed"}
    assert len(everything) > len(found)
    assert "JOIN" in statements[-1]
