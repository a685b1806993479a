"""The trigger that calls tend_requests: when there is something to tend, and only then."""

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.candidate_bench import ask, fill_plate, give_candidate
from tests.services.filled_catalogue import FilledCatalogue

from beamloop.catalog.connection import Catalog
from beamloop.catalog.open_requests import close_request
from beamloop.records.identifiers import RequestId
from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.dags


@pytest.fixture
def catalog(catalog_connection: str) -> Iterator[Catalog]:
    with Catalog(catalog_connection) as opened:
        yield opened


def execute(catalog: Catalog, statement: str, *values: object) -> None:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)


def waits() -> bool:
    from tending_watch import something_waits

    return something_waits()


def test_tend_requests_is_called_by_the_trigger_and_every_few_minutes_without_it(dag_bag: Any) -> None:
    from tending_watch import TendingWatch

    schedule = dag_bag.dags["tend_requests"].timetable
    (asset,) = schedule.asset_condition.objects
    assert dag_bag.dags["tend_requests"].schedule.timetable.delta.total_seconds() <= 300
    (path,) = [watcher.trigger.serialize()[0] for watcher in asset.watchers]
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is TendingWatch


def test_an_empty_catalogue_calls_nobody(catalog: Catalog) -> None:
    assert not waits()


def test_a_request_calls_from_its_first_minute_until_its_end_is_thought_over(
    catalog: Catalog, tmp_path: Path
) -> None:
    made = FilledCatalogue(catalog, tmp_path / "plate")
    made.ask("a_1")
    assert waits()
    made.end("a_1", OutcomeCode.NO_SPOTS, "No spots.", "find_spots")
    with catalog.transaction() as connection:
        close_request(connection, RequestId(1))
    assert waits()
    execute(catalog, "UPDATE beamloop.requests SET finish_noticed_at = now()")
    assert not waits()
    # A task that a person has cleared works on a run of an ended request.
    execute(catalog, "UPDATE beamloop.runs SET ended_at = NULL")
    assert waits()


def test_a_new_geometry_calls_until_its_drift_is_thought_over(catalog: Catalog, tmp_path: Path) -> None:
    fill_plate(catalog, tmp_path / "plate")
    execute(catalog, "UPDATE beamloop.runs SET ended_at = now()")
    execute(catalog, "UPDATE beamloop.requests SET ended_at = now(), finish_noticed_at = now()")
    assert not waits()
    give_candidate(catalog, ask(catalog))
    assert waits()
    execute(catalog, "UPDATE beamloop.geometry_versions SET drift_noticed_at = now()")
    assert not waits()


@pytest.mark.parametrize(("wait", "is_due"), [("0 s", True), ("60 s", False)])
def test_a_message_calls_when_its_time_has_come(
    catalog: Catalog, tmp_path: Path, wait: str, is_due: bool
) -> None:
    made = FilledCatalogue(catalog, tmp_path / "plate")
    made.ask("a_1")
    made.end("a_1", OutcomeCode.NO_SPOTS, "No spots.", "find_spots")
    with catalog.transaction() as connection:
        close_request(connection, RequestId(1))
    execute(catalog, "UPDATE beamloop.requests SET finish_noticed_at = now()")
    execute(
        catalog,
        "INSERT INTO beamloop.notifications (event_key, channel, beamline, airflow_connection, addresses,"
        " message, next_try_at) SELECT 'finished-1-1', 'webhook', beamline, 'chat', '{}', '{}',"
        " now() + %s::interval FROM beamloop.beamlines",
        wait,
    )
    assert waits() == is_due


def test_a_catalogue_that_does_not_answer_is_the_tasks_to_report(
    catalog_connection: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = '{"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x", "password": "x"}'
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_CATALOG", nobody)
    assert waits()
    assert "does not answer" in caplog.text


def test_the_call_is_repeated_while_something_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    import tending_watch

    answers = iter([True, False, True])
    monkeypatch.setattr(tending_watch, "ASK_AFTER_S", 0.0)
    monkeypatch.setattr(tending_watch, "something_waits", lambda: next(answers))

    async def take_two() -> int:
        taken = 0
        async for _ in tending_watch.TendingWatch().run():  # type: ignore[no-untyped-call] # Airflow's
            taken += 1
            if taken == 2:
                break
        return taken

    assert asyncio.run(take_two()) == 2
    assert list(answers) == []
