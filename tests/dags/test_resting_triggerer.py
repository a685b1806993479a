"""The triggerer asks once for its triggers, and Airflow decides where they are not all its own."""

import asyncio
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.dags

OWN = 7


def supervisor(**values: Any) -> Any:
    return SimpleNamespace(**{"job": SimpleNamespace(id=OWN), "queues": None, **values})


@pytest.fixture
def triggers(airflow_database: None) -> Iterator[Any]:
    """Provide a way to put triggers into Airflow's database, by who runs them."""
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    made: set[int] = set()

    def put(*triggerers: int | None, queue: str | None = None) -> set[int]:
        with create_session() as session:
            rows = [Trigger(classpath="a.B", kwargs={}, queue=queue) for _ in triggerers]
            for row, triggerer in zip(rows, triggerers, strict=True):
                row.triggerer_id = triggerer
            session.add_all(rows)
            session.flush()
            numbers = {row.id for row in rows}
        made.update(numbers)
        return numbers

    with create_session() as session:
        # Those that other tests have left.
        session.execute(update(Trigger).values(triggerer_id=OWN, queue=None))
    yield put
    with create_session() as session:
        session.execute(delete(Trigger).where(Trigger.id.in_(made)))


def test_where_every_trigger_is_its_own_it_knows_them_from_one_question(triggers: Any) -> None:
    from resting_triggerer import own_triggers

    before = own_triggers(supervisor())
    put = triggers(OWN, OWN)
    assert before is not None
    assert len(put - before) == 2
    assert own_triggers(supervisor()) == before | put


@pytest.mark.parametrize("other", [None, OWN + 1])
def test_airflow_decides_over_a_trigger_of_nobody_or_of_another(triggers: Any, other: int | None) -> None:
    from resting_triggerer import own_triggers

    triggers(OWN, other)
    assert own_triggers(supervisor()) is None


def test_airflow_decides_where_triggers_have_queues(triggers: Any) -> None:
    from resting_triggerer import own_triggers

    assert own_triggers(supervisor(queues={"a"})) is None
    triggers(OWN, queue="a")
    assert own_triggers(supervisor()) is None


def test_a_database_that_comes_back_is_asked_again(monkeypatch: pytest.MonkeyPatch, triggers: Any) -> None:
    from sqlalchemy.orm import Session

    from resting_triggerer import own_triggers

    (put,) = triggers(OWN)
    answers, execute = [OperationalError("SELECT", {}, Exception("away"))], Session.execute

    def away_once(self: Any, *statement: Any, **details: Any) -> Any:
        if answers:
            raise answers.pop()
        return execute(self, *statement, **details)

    monkeypatch.setattr(Session, "execute", away_once)
    assert put in (own_triggers(supervisor()) or ())
    assert not answers


class Triggerer:
    """Stands in for Airflow's supervisor; notes what is done in Airflow's own way."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.updated: list[set[int]] = []

    def load_triggers(self) -> None:
        self.done.append("load")

    def update_triggers(self, numbers: set[int]) -> None:
        self.updated.append(numbers)

    def clean_unused(self) -> None:
        self.done.append("clean")

    def on_trigger_event(self, trigger_id: int, event: str) -> None:
        self.done.append(event)

    def on_trigger_failure(self, trigger_id: int, exc: str) -> None:
        self.done.append(exc)


@pytest.fixture
def triggerer(monkeypatch: pytest.MonkeyPatch) -> Triggerer:
    """Provide a triggerer that is changed as Airflow's is when it starts."""
    import airflow.jobs.triggerer_job_runner as runner

    import resting_triggerer

    kind = type("Changed", (Triggerer,), {})
    monkeypatch.setattr(runner, "TriggerRunnerSupervisor", kind)
    monkeypatch.setattr(runner.TriggerRunner, "block_watchdog", runner.TriggerRunner.block_watchdog)
    resting_triggerer.ask_for_triggers_at_once()
    assert runner.TriggerRunner.block_watchdog is resting_triggerer.watch_for_blocking
    made = kind()
    assert isinstance(made, Triggerer)
    return made


def test_airflow_loads_triggers_only_where_it_has_to_decide(
    triggerer: Triggerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resting_triggerer.own_triggers", lambda _: {1, 2})
    triggerer.load_triggers()
    assert (triggerer.updated, triggerer.done) == ([{1, 2}], [])
    monkeypatch.setattr("resting_triggerer.own_triggers", lambda _: None)
    triggerer.load_triggers()
    assert (triggerer.updated, triggerer.done) == ([{1, 2}], ["load"])


def test_what_nobody_needs_is_cleared_away_now_and_then(
    triggerer: Triggerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resting_triggerer import CLEAN_AFTER_S

    now_s = 1000.0
    monkeypatch.setattr("resting_triggerer.time.monotonic", lambda: now_s)
    for _ in range(2):
        triggerer.clean_unused()
    assert triggerer.done == ["clean"]
    now_s += CLEAN_AFTER_S
    triggerer.clean_unused()
    assert triggerer.done == ["clean", "clean"]


@pytest.mark.parametrize(
    ("end", "details"),
    [
        ("on_trigger_event", {"trigger_id": 1, "event": "event"}),
        ("on_trigger_failure", {"trigger_id": 1, "exc": "failure"}),
    ],
)
def test_a_trigger_that_has_ended_is_cleared_away_at_once(
    triggerer: Triggerer, end: str, details: dict[str, Any]
) -> None:
    triggerer.clean_unused()
    getattr(triggerer, end)(**details)
    triggerer.clean_unused()
    triggerer.clean_unused()
    assert triggerer.done == ["clean", end.removeprefix("on_trigger_"), "clean"]


class Runner:
    """Stands in for Airflow's runner of triggers: stops when it has looked so many times."""

    blocked_main_thread_warning_threshold = 0.1

    def __init__(self, looks: int) -> None:
        self.left = looks
        self.said: list[str] = []
        self.log = self

    @property
    def stop(self) -> bool:
        self.left -= 1
        return self.left < 0

    async def ainfo(self, words: str) -> None:
        self.said.append(words)


@pytest.mark.parametrize(("blocked_s", "count"), [(0.0, 0), (0.3, 1)])
def test_a_trigger_that_holds_up_the_others_is_told_of(
    monkeypatch: pytest.MonkeyPatch, blocked_s: float, count: int
) -> None:
    from resting_triggerer import watch_for_blocking

    monkeypatch.setattr("resting_triggerer.WATCH_S", 0.2)

    async def watch(runner: Runner) -> None:
        watching = asyncio.create_task(watch_for_blocking(runner))
        await asyncio.sleep(0.1)
        time.sleep(blocked_s)
        await watching

    runner = Runner(looks=1)
    asyncio.run(watch(runner))
    assert len(runner.said) == count
