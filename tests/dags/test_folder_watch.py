"""The trigger that looks at the folders: what it starts, leaves to the dispatcher, and survives."""

import asyncio
import importlib
import json
import logging
import os
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from beamloop.catalog.connection import Catalog
from beamloop.watch.work import DagWork

pytestmark = pytest.mark.dags

WHOLE = b"###CBF: VERSION 1.5\r\nX-Binary-Size: 4\r\n\r\n\x0c\x1a\x04\xd5" + bytes(4)


@pytest.fixture
def plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide the folder of a beamline whose sweeps are complete with their first image."""
    beamlines = tmp_path / "beamlines"
    beamlines.mkdir()
    (beamlines / "i24.yaml").write_text("beamline: i24\nroots: [../data]\nimages_per_sweep: 1\n")
    monkeypatch.setenv("AIRFLOW_VAR_BEAMLOOP_BEAMLINES_DIRECTORY", str(beamlines))
    plate = tmp_path / "data" / "plate3"
    plate.mkdir(parents=True)
    return plate


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provide an Airflow that takes starts: the names of the runs that it was asked to start."""
    from airflow_services import RestStart

    names: list[str] = []

    class Taken(RestStart):
        def __call__(self, work: DagWork) -> None:
            names.append(work.dag_run_id)

    monkeypatch.setattr("folder_watch.RestStart", Taken)
    return names


def watch(until: Callable[[list[Any]], bool], *, at_most_s: float = 20.0) -> list[Any]:
    """Run the trigger as the triggerer does, until its events are as wished; return their payloads."""
    from folder_watch import FolderWatch

    payloads: list[Any] = []

    async def take_events() -> None:
        async for event in FolderWatch().run():  # type: ignore[no-untyped-call] # Airflow's
            payloads.append(event.payload)

    async def run() -> None:
        task = asyncio.create_task(take_events())
        async with asyncio.timeout(at_most_s):
            while not until(payloads):
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    return payloads


def connections(dsn: str) -> int:
    """Return how many connections to a catalogue are open, without this one."""
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone() or (0,)
    connection.close()
    return int(count)


def test_airflow_makes_the_trigger_from_what_it_says_of_itself(dag_bag: Any) -> None:
    from folder_watch import FolderWatch

    path, arguments = FolderWatch().serialize()  # type: ignore[no-untyped-call] # Airflow's
    module, _, name = path.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), name)(**arguments), FolderWatch)
    condition = dag_bag.dags["watch_collections"].timetable.asset_condition
    (asset,) = condition.objects
    assert [watcher.trigger.serialize()[0] for watcher in asset.watchers] == [path]


def test_a_sweep_is_started_when_it_is_complete_and_nobody_else_is_called(
    catalog_connection: str, plate: Path, started: list[str]
) -> None:
    (plate / "x_001.cbf").write_bytes(WHOLE)
    assert watch(lambda _: bool(started)) == []
    assert len(started) == 1


def test_without_a_login_to_airflow_the_dispatcher_is_called_by_the_names_of_the_requests(
    catalog_connection: str, plate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (plate / "x_001.cbf").write_bytes(WHOLE)
    (names,) = watch(lambda payloads: bool(payloads))
    with psycopg2.connect(catalog_connection) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT dag_run_id FROM beamloop.requests")
        assert [(name,) for name in names] == cursor.fetchall()
    connection.close()
    assert "no connection `beamloop_airflow`" in caplog.text


def test_a_look_that_takes_long_holds_up_no_other_trigger_and_leaves_no_connection(
    catalog_connection: str, plate: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_looking, go_on = threading.Event(), threading.Event()

    def wait(*_: object, **__: object) -> list[DagWork]:
        # With a connection in hand, as a look at a file server that does not answer has.
        with Catalog(catalog_connection) as catalog, catalog.transaction():
            is_looking.set()
            assert go_on.wait(20)
        return []

    monkeypatch.setattr("beamloop.watch.watcher.look_for_work", wait)
    # The loop's own turns are seen to go on while the look waits; then it is cancelled in mid-look.
    watch(lambda _: is_looking.is_set())
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("folder-watch"):
            thread.join(20)
    assert connections(catalog_connection) == 0


def test_a_catalogue_that_is_away_is_said_once_and_asked_less_and_less_often(
    catalog_connection: str,
    plate: Path,
    started: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from folder_watch import FIRST_PAUSE_S, LONGEST_PAUSE_S, Looks

    (plate / "x_001.cbf").write_bytes(WHOLE)
    there = json.loads(os.environ["AIRFLOW_CONN_BEAMLOOP_CATALOG"])
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_CATALOG", json.dumps(there | {"port": 1}))
    looks = Looks()
    pauses = [looks.look().pause_s for _ in range(8)]
    assert pauses[0] == FIRST_PAUSE_S
    assert all(later == min(2 * earlier, LONGEST_PAUSE_S) for earlier, later in pairwise(pauses))
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_CATALOG", json.dumps(there))
    looks.look()
    looks.close()
    assert len(started) == 1
    assert [
        record.getMessage().splitlines()[0] for record in caplog.records if record.levelno > logging.INFO
    ] == [
        "The beamlines' folders are not looked at: The catalogue (PostgreSQL) does not answer.",
        "The beamlines' folders are looked at again.",
    ]
    assert connections(catalog_connection) == 0
