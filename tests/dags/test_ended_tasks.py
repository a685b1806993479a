"""What the executor says of tasks, and what of it Airflow still has to look at."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

pytestmark = pytest.mark.dags


@pytest.fixture
def session(run_of_chains: Any) -> Iterator[Any]:
    """Provide Airflow's database; what a test changes is undone."""
    from airflow.settings import Session

    assert Session is not None
    made = Session()
    yield made
    made.rollback()
    made.close()


@pytest.fixture
def task(run_of_chains: Any, session: Any) -> Any:
    """Provide a task instance."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    return session.scalar(select(TaskInstance).where(TaskInstance.run_id == run_of_chains.run_id).limit(1))


def left_of(task: Any, session: Any, state: str | None, *, said: str = "success", tries: int = 0) -> int:
    """Return how many events are left for Airflow."""
    from airflow.models.taskinstance import TaskInstance

    from ended_tasks import drop_known_ends

    session.execute(update(TaskInstance).where(TaskInstance.id == task.id).values(state=state))
    events = {task.key.with_try_number(task.try_number + tries): (said, None)}
    drop_known_ends(events, session)
    return len(events)


@pytest.mark.parametrize("said", ["success", "failed"])
@pytest.mark.parametrize("state", ["success", "failed", "skipped", "up_for_retry"])
def test_of_a_task_that_has_said_how_it_ended_nothing_is_left(
    task: Any, session: Any, state: str, said: str
) -> None:
    assert left_of(task, session, state, said=said) == 0


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", "restarting", "deferred", None])
def test_a_task_that_has_not_said_that_it_ended_is_left_to_airflow(
    task: Any, session: Any, state: str | None
) -> None:
    assert left_of(task, session, state) == 1


def test_another_try_and_another_event_are_left_to_airflow(task: Any, session: Any) -> None:
    assert left_of(task, session, "success", tries=1) == 1
    assert left_of(task, session, "success", said="queued") == 1


def test_what_is_no_task_is_left_to_airflow(session: Any) -> None:
    from ended_tasks import drop_known_ends

    events = {"a callback": ("success", None)}
    drop_known_ends(events, session)
    assert events
