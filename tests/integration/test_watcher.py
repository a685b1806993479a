"""What a look finds is started once, and what stands in its way is said once."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import take_up
from beamloop.errors import TransientError
from beamloop.records.identifiers import RequestId
from beamloop.watch.watcher import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, Watcher
from beamloop.watch.work import DagWork

pytestmark = pytest.mark.integration

WHOLE = b"###CBF: VERSION 1.5\r\nX-Binary-Size: 4\r\n\r\n\x0c\x1a\x04\xd5" + bytes(4)


class Airflow:
    """Takes starts, or is away."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.is_away = False

    def start(self, work: DagWork) -> None:
        if self.is_away:
            raise TransientError("Airflow is away.")
        self.started.append(work.dag_run_id)


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def beamlines(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    folder = tmp_path / "beamlines"
    folder.mkdir()
    (folder / "i24.yaml").write_text("beamline: i24\nroots: [../data]\nimages_per_sweep: 1\n")
    return folder


@pytest.fixture
def watcher(beamlines: Path, catalog: Catalog, airflow: Airflow) -> Watcher:
    return Watcher(beamlines, catalog, lambda: "3.12.1", airflow.start)


def write_sweep(tmp_path: Path, plate: str) -> None:
    folder = tmp_path / "data" / plate
    folder.mkdir()
    (folder / "x_001.cbf").write_bytes(WHOLE)


def test_a_request_is_started_once_for_as_long_as_it_waits_for_its_turn(
    watcher: Watcher, airflow: Airflow, catalog: Catalog, tmp_path: Path
) -> None:
    write_sweep(tmp_path, "plate1")
    assert watcher.look().not_started == ()
    (first,) = airflow.started
    write_sweep(tmp_path, "plate2")
    watcher.look()
    watcher.look()
    assert len(airflow.started) == 2
    with catalog.transaction() as connection:
        for number in (1, 2):
            take_up(connection, RequestId(number))
    watcher.look()
    assert airflow.started[0] == first
    assert len(set(airflow.started)) == len(airflow.started) == 2


def test_another_watcher_takes_over_what_was_asked_for_and_not_started(
    watcher: Watcher, airflow: Airflow, beamlines: Path, catalog: Catalog, tmp_path: Path
) -> None:
    airflow.is_away = True
    write_sweep(tmp_path, "plate1")
    (left,) = watcher.look().not_started
    airflow.is_away = False
    assert Watcher(beamlines, catalog, lambda: "3.12.1", airflow.start).look().not_started == ()
    assert airflow.started == [left.dag_run_id]


def test_what_cannot_be_started_is_tried_at_every_look_and_said_once(
    watcher: Watcher, airflow: Airflow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    airflow.is_away = True
    for plate in ("plate1", "plate2"):
        write_sweep(tmp_path, plate)
    for _ in range(3):
        assert len(watcher.look().not_started) == 2
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Airflow is away."
    ]
    airflow.is_away = False
    assert watcher.look().not_started == ()
    assert len(set(airflow.started)) == len(airflow.started) == 2


def test_a_bad_beamline_file_is_said_once_for_as_long_as_it_is_bad(
    watcher: Watcher, airflow: Airflow, beamlines: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = beamlines / "a.yaml"
    for _ in range(2):
        bad.write_text("nonsense: true\n")
        watcher.look()
        watcher.look()
        bad.unlink()
        watcher.look()
    assert sum("a.yaml" in record.getMessage() for record in caplog.records) == 2
    write_sweep(tmp_path, "plate1")
    bad.write_text("nonsense: true\n")
    watcher.look()
    assert len(airflow.started) == 1


@pytest.mark.parametrize(
    ("look_s", "pause_s"), [(0.002, SHORTEST_PAUSE_S), (0.1, 2.0), (9.0, LONGEST_PAUSE_S)]
)
def test_looks_that_take_long_are_further_apart(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, look_s: float, pause_s: float
) -> None:
    times = iter((100.0, 100.0 + look_s))
    monkeypatch.setattr("beamloop.watch.watcher.time.monotonic", lambda: next(times))
    assert watcher.look().pause_s == pytest.approx(pause_s)
