"""When the scheduler looks for new DAG runs, and that none is begun later for it."""

from typing import Any

import pytest
from sqlalchemy import update

pytestmark = pytest.mark.dags


class Clock:
    """Goes as a test says."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_look_is_made_at_once_and_then_once_a_second() -> None:
    from seldom_looks import Looks, seldom

    clock = Clock()
    made: list[float] = []
    look = seldom(Looks(1.0, clock), made.append)
    for now_s in (100.0, 100.5, 100.9, 101.0, 101.9, 110.0):
        clock.now_s = now_s
        look(now_s)
    assert made == [100.0, 101.0, 110.0]


def test_the_next_look_follows_the_last_one_as_soon_as_without_passes_between() -> None:
    from seldom_looks import Looks

    clock = Clock()
    looks = Looks(1.0, clock)
    assert looks.left_s(1.5) == 1.5
    assert looks.begin()
    assert looks.left_s(1.5) == pytest.approx(1.5)
    clock.now_s += 0.9
    assert not looks.begin()
    assert looks.left_s(1.5) == pytest.approx(0.6)
    clock.now_s += 0.6
    assert looks.left_s(1.5) == 1.5
    assert looks.begin()


def test_a_run_that_waits_to_begin_is_seen(run_of_chains: Any) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.settings import Session

    from seldom_looks import is_queued

    assert Session is not None
    session = Session()
    session.execute(update(DagRun).values(state="running"))
    assert not is_queued(session)
    run = update(DagRun).where(DagRun.run_id == run_of_chains.run_id)
    session.execute(run.values(state="queued"))
    assert is_queued(session)
    session.rollback()
    session.close()
