"""What housekeeping removes from run directories, and what it must never touch."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.services.filled_catalogue import NOW, FilledCatalogue
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import Event
from beamloop.catalog.runs import load_run, record_step, start_run
from beamloop.errors import StoreUnavailableError
from beamloop.housekeeping.clean import clean
from beamloop.housekeeping.report import Report
from beamloop.records.identifiers import RunId
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.run import StepReport
from beamloop.settings import StoreSettings
from beamloop.storage import open_store

pytestmark = pytest.mark.integration

FILES = ("indexed.expt", "rung-1/dials.index.log")


class Bench:
    """Runs with directories and artifacts, as the sweep stage leaves them, without DIALS."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self.run_root = folder / "runs"
        self.beamlines = folder / "beamlines"
        self.beamlines.mkdir()
        self.artifacts = folder / "artifacts"
        self.store = open_store(StoreSettings(directory=self.artifacts))
        self.plate = FilledCatalogue(catalog, folder / "plate3")

    def run(self, sweep: str, *, days_ago: float, ended: bool = True) -> Path:
        """Process a sweep; return its run's directory."""
        self.plate.ask(sweep)
        run_id = self.plate.runs[sweep]
        with self.catalog.transaction() as connection:
            start_run(connection, run_id)
            place = load_run(connection, run_id).place
        directory = self.run_root / place
        for name in FILES:
            (directory / "index" / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / "index" / name).write_text(f"{name} of {sweep}")
        (directory / ".index.lock").touch()
        stored = [self.store.put(f"{place}/index/{name}", directory / "index" / name) for name in FILES]
        outcome = Outcome(OutcomeCode.NO_LATTICE, "No lattice.", "index") if ended else None
        report = StepReport("index", NOW, NOW, "no lattice", outcome=outcome, artifact_names=FILES)
        with self.catalog.transaction() as connection:
            record_step(connection, run_id, report, stored)
        self.do("UPDATE beamloop.runs SET ended_at = ended_at - %s WHERE run_id = %s",
                timedelta(days=days_ago), run_id)  # fmt: skip
        return directory

    def do(self, statement: str, *values: object) -> None:
        with self.catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)

    def clean(self, *, dry_run: bool = False) -> Report:
        return clean(self.run_root, self.catalog, self.store, self.beamlines, dry_run=dry_run)


@pytest.fixture
def bench(catalog_dsn: str, tmp_path: Path) -> Iterator[Bench]:
    with Catalog(catalog_dsn) as catalog:
        yield Bench(catalog, tmp_path)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_old_run_that_is_safely_stored_goes_and_a_young_or_open_one_stays(bench: Bench) -> None:
    old = bench.run("a_1", days_ago=15)
    young = bench.run("b_1", days_ago=13)
    at_work = bench.run("c_1", days_ago=15, ended=False)
    bytes_of_old = sum(path.stat().st_size for path in old.rglob("*") if path.is_file())
    would = bench.clean(dry_run=True)
    assert old.exists()
    report = bench.clean()
    assert report == would
    assert not old.exists()
    assert young.exists()
    assert at_work.exists()
    (removed,) = report.removed
    assert removed.size_bytes == bytes_of_old
    assert bench.clean() == Report()
    assert events(bench)[0].sentence == f"Removed: 1 run directory ({bytes_of_old} B)."


def events(bench: Bench) -> list[Event]:
    with bench.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT happened_at, actor, kind, sentence FROM beamloop.events WHERE kind = 'cleaned'"
        )
        return [Event(**dict(row)) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("line", "stays"),
    [("keep_runs_days: 1", False), ("keep_runs_days: 30", True), ("keep_runs_days: null", True)],
)
def test_a_beamline_says_how_long_its_runs_are_kept(bench: Bench, line: str, stays: bool) -> None:
    (bench.beamlines / "i24.yaml").write_text(f"beamline: i24\nroots: [x]\n{line}\n")
    directory = bench.run("a_1", days_ago=20)
    bench.clean()
    assert directory.exists() == stays


def test_while_a_beamline_file_cannot_be_read_nothing_of_unknown_beamlines_goes(bench: Bench) -> None:
    (bench.beamlines / "broken.yaml").write_text("beamline: [")
    directory = bench.run("a_1", days_ago=400)
    bench.clean()
    assert directory.exists()


def add_a_file(directory: Path, _: Bench) -> str:
    (directory / "index" / "my notes.txt").write_text("by a person")
    return "index/my notes.txt is no artifact of it"


def change_a_file(directory: Path, _: Bench) -> str:
    (directory / "index" / FILES[0]).write_text(f"{FILES[0]} of A_1")  # the same number of bytes
    return "index/indexed.expt is not what was stored"


def link_out(directory: Path, _: Bench) -> str:
    (directory / "index" / FILES[0]).unlink()
    (directory / "index" / FILES[0]).symlink_to("/etc/passwd")
    return "index/indexed.expt is no artifact of it"


def link_a_folder(directory: Path, bench: Bench) -> str:
    elsewhere = bench.run_root.parent / "elsewhere"
    shutil.move(directory / "index" / "rung-1", elsewhere)
    (directory / "index" / "rung-1").symlink_to(elsewhere)
    return "index/rung-1 is no artifact of it"


def make_a_pipe(directory: Path, _: Bench) -> str:
    os.mkfifo(directory / "pipe")
    return "pipe is no artifact of it"


def damage_the_store(_: Path, bench: Bench) -> str:
    data = next(path for path in bench.artifacts.rglob(".*.indexed.expt"))
    data.chmod(0o600)
    data.write_text(f"{FILES[0]} of A_1")
    return "indexed.expt"


def lose_the_object(_: Path, bench: Bench) -> str:
    for path in bench.artifacts.rglob("*dials.index.log*"):
        path.unlink()
    return "dials.index.log"


@pytest.mark.parametrize(
    "harm",
    [add_a_file, change_a_file, link_out, link_a_folder, make_a_pipe, damage_the_store, lose_the_object],
)
def test_a_run_of_which_not_everything_is_accounted_for_stays_whole_and_is_said(
    bench: Bench, harm: object
) -> None:
    directory = bench.run("a_1", days_ago=15)
    assert callable(harm)
    why = harm(directory, bench)
    before = files_below(bench.run_root.parent)
    report = bench.clean()
    assert report.removed == []
    (kept,) = report.kept
    assert why in kept.why
    assert files_below(bench.run_root.parent) == before


def test_a_store_that_is_away_stops_everything(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = bench.run("a_1", days_ago=15)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("The store is away.")

    monkeypatch.setattr(type(bench.store), "stream", away)
    with pytest.raises(StoreUnavailableError):
        bench.clean()
    assert len(files_below(directory)) == 3


def test_links_in_the_place_of_folders_are_not_entered(bench: Bench, tmp_path: Path) -> None:
    directory = bench.run("a_1", days_ago=15)
    elsewhere = tmp_path / "elsewhere"
    for level in (directory, directory.parent, directory.parents[1], directory.parents[2]):
        shutil.move(level, elsewhere)
        level.symlink_to(elsewhere)
        assert bench.clean() == Report()
        level.unlink()
        shutil.move(elsewhere, level)
    assert len(bench.clean().removed) == 1


def test_links_in_what_is_removed_go_without_what_they_lead_to(bench: Bench, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "image_1.cbf").write_text("an image")
    directory = bench.run("a_1", days_ago=15)
    (directory / "images").mkdir()
    (directory / "images" / "image_000001.cbf").symlink_to(images / "image_1.cbf")
    (directory / ".staging-refine").mkdir()
    (directory / ".staging-refine" / "data").symlink_to(images)
    bench.clean()
    assert not directory.exists()
    assert (images / "image_1.cbf").read_text() == "an image"


def test_directories_that_the_catalogue_does_not_know_stay(bench: Bench) -> None:
    directory = bench.run("a_1", days_ago=15)
    for stranger in (directory.parent / "run-999", directory.parents[1] / "other" / directory.name):
        shutil.copytree(directory, stranger)
    bench.clean()
    assert sorted(path.name for path in bench.run_root.rglob("*.expt")) == ["indexed.expt"] * 2
    assert not directory.exists()


def test_staging_folders_of_ended_runs_go_after_a_day(bench: Bench) -> None:
    directory = bench.run("a_1", days_ago=2)
    today = bench.run("b_1", days_ago=0.5)
    at_work = bench.run("c_1", days_ago=2, ended=False)
    for run in (directory, today, at_work):
        (run / ".staging-refine").mkdir()
        (run / ".staging-refine" / "half").write_text("half")
    assert bench.clean().summary() == "Removed: 1 staging folder (4 B)."
    assert files_below(directory) == [".index.lock", *(f"index/{name}" for name in sorted(FILES))]
    assert (today / ".staging-refine" / "half").exists()
    assert (at_work / ".staging-refine" / "half").exists()


def test_the_command_says_what_would_go_and_then_removes_it(
    bench: Bench, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(monkeypatch, catalog_dsn, bench.run_root.parent)
    gone = bench.run("a_1", days_ago=15)
    kept = bench.run("b_1", days_ago=15)
    (kept / "notes\x1b[31m.txt").touch()
    document = json.loads(call("clean", "--dry-run", "--json"))
    assert document["dry_run"] is True
    assert [one["kind"] for one in document["removed"]] == ["run_directory"]
    assert document["kept"][0]["why"].endswith("is no artifact of it")
    assert gone.exists()
    said = call("clean")
    assert "Removed: 1 run directory" in said
    assert "Kept although old: 1." in said
    assert "\x1b" not in said
    assert not gone.exists()


@pytest.mark.parametrize("killed_in", ["take_away", "remove_tree"])
def test_housekeeping_killed_in_the_middle_leaves_a_run_whole_or_out_of_sight(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    directory = bench.run("a_1", days_ago=15)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"beamloop.housekeeping.run_directories.{killed_in}", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.clean()
    monkeypatch.undo()
    assert len(files_below(directory)) == (3 if killed_in == "take_away" else 0)
    assert len(bench.clean().removed) == 1
    assert list(directory.parent.iterdir()) == []


def test_a_run_that_goes_on_while_it_is_looked_at_keeps_its_directory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = bench.run("a_1", days_ago=15)
    bench.do("UPDATE beamloop.outcomes SET code = 'interrupted'")

    def goes_on(*_: object) -> None:
        with bench.catalog.transaction() as connection:
            start_run(connection, RunId(bench.plate.runs["a_1"]))

    monkeypatch.setattr("beamloop.housekeeping.run_directories.why_not_accounted_for", goes_on)
    assert bench.clean() == Report()
    assert len(files_below(directory)) == 3
