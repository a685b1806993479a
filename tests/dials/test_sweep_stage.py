"""The sweep stage with real DIALS, PostgreSQL and store: what stands whatever is killed or lost."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.killed_steps import ENDS, kill_at
from tests.services.repeated_run import repeat_run, run_script
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.catalog.housekeeping import artifacts_of_run
from beamloop.catalog.runs import artifacts_of_step, load_run
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.errors import (
    ArtifactDamagedError,
    InvalidInputError,
    StepBusyError,
    StoreUnavailableError,
)
from beamloop.housekeeping.accounts import why_not_accounted_for
from beamloop.housekeeping.trees import opened
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop.simulate import read_truth
from beamloop.step_folders import folders
from beamloop.storage.hashing import file_sha256
from beamloop.sweep import stage
from beamloop.sweep.integrate_pair import WIDE_WORDS
from beamloop.sweep.reproduce import reproduction_script
from beamloop.sweep.work import REPORTS

pytestmark = pytest.mark.dials

CELL = "98.3,98.3,136.6,90,90,120"
CHEAP = ("index.indexing.method=fft1d",)


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str, tiny_images: Path) -> Iterator[SweepBench]:
    made = open_bench(tmp_path, catalog_dsn, tiny_images, settings=CHEAP, space_group="H 3", unit_cell=CELL)
    yield made
    made.services.catalog.close()


@pytest.fixture(scope="module")
def processed(
    tmp_path_factory: pytest.TempPathFactory, module_catalog_dsn: str, tiny_images: Path
) -> Iterator[SweepBench]:
    """Provide a bench on which xtal1_1 is processed; not to be changed."""
    folder = tmp_path_factory.mktemp("processed")
    made = open_bench(
        folder, module_catalog_dsn, tiny_images, settings=CHEAP, space_group="H 3", unit_cell=CELL
    )
    made.do("xtal1_1")
    yield made
    made.services.catalog.close()


def test_a_wedge_goes_from_images_to_mtz_with_every_fact_and_file_kept(
    processed: SweepBench, tiny_images: Path
) -> None:
    bench = processed
    result = bench.result("xtal1_1")
    assert result.outcome is not None
    assert result.outcome.code is OutcomeCode.PROCESSED
    crystal = read_truth(tiny_images).sweep("xtal1_1").crystal
    assert crystal is not None
    assert result.cell is not None
    # A wedge of 4 degrees refined alone: dials.md measured 0.16 % on average.
    assert result.cell[:3] == pytest.approx(crystal.unit_cell.as_tuple()[:3], rel=0.005)
    assert result.steps_done == set(STEPS)
    assert result.spot_count is not None
    assert result.indexed_count is not None
    assert result.indexed_count > 0.9 * result.spot_count  # the simulator adds no spots of another lattice
    assert result.for_merging is False
    folder = bench.run_directory("xtal1_1")
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == set(STEPS)
    assert list(folder.glob(".staging*")) == []
    _assert_every_file_is_in_the_store(bench, folder)
    manifest = json.loads((folder / "export" / "manifest.json").read_text())
    assert [step["step"] for step in manifest["steps"]] == list(STEPS)
    assert all(step["commands"] for step in manifest["steps"])


def test_the_script_of_a_run_repeats_it_without_beamloop(processed: SweepBench, tmp_path: Path) -> None:
    folder = repeat_run(processed, "xtal1_1", tmp_path)
    assert (folder / "export" / "integrated.mtz").exists()
    again, first = (
        crystal_facts(place / "integrate" / "integrated.expt", place / "refine" / "refined.refl")[0]
        for place in (folder, processed.run_directory("xtal1_1"))
    )
    # The same programs on the same numbers: what differs is rounding in the files.
    assert again.cell == pytest.approx(first.cell, rel=1e-6)
    assert again.rmsd_x_mm == pytest.approx(first.rmsd_x_mm, rel=1e-5)
    second = run_script(tmp_path / "again.sh", folder)
    assert second.returncode == 1
    assert "start this script in an empty folder" in second.stderr


def test_a_wedge_with_too_few_spots_within_the_limits_is_integrated_without_them_and_so_again_by_its_script(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    # Of 358 spots that could model the profile 284 are within its limits of resolution.
    wanted = "integrate.profile.gaussian_rs.min_spots"
    settings = (*CHEAP, f"{wanted}.overall=320", f"{wanted}.per_degree=1000")
    bench = open_bench(
        tmp_path, catalog_dsn, tiny_images, settings=settings, space_group="H 3", unit_cell=CELL
    )
    outcome = bench.do("xtal1_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert WIDE_WORDS in REPORTS.read(bench.run_directory("xtal1_1") / "integrate").finding
    folder = repeat_run(bench, "xtal1_1", tmp_path)
    integrated = Path("integrate", "integrated.refl")
    assert rows(folder / integrated) == rows(bench.run_directory("xtal1_1") / integrated)
    assert (folder / "export" / "integrated.mtz").exists()
    bench.services.catalog.close()


def rows(refl: Path) -> int:
    return read_reflections(refl).row_count


def test_housekeeping_can_account_for_every_file_of_a_processed_run(processed: SweepBench) -> None:
    services = processed.services
    with services.catalog.transaction() as connection:
        artifacts = artifacts_of_run(connection, processed.runs["xtal1_1"])
    with opened(processed.run_directory("xtal1_1")) as directory:
        assert why_not_accounted_for(directory, artifacts, services.store) is None


def test_no_script_is_written_for_a_run_that_has_not_ended(processed: SweepBench) -> None:
    services = processed.services
    with pytest.raises(InvalidInputError, match="has no manifest"):
        reproduction_script(services.catalog, services.store, processed.runs["xtal2_1"])


def _assert_every_file_is_in_the_store(bench: SweepBench, folder: Path) -> None:
    with bench.services.catalog.transaction() as connection:
        recorded = {step: artifacts_of_step(connection, bench.runs["xtal1_1"], step) for step in STEPS}
    for step, artifacts in recorded.items():
        on_disk = {p.relative_to(folder / step).as_posix() for p in (folder / step).rglob("*") if p.is_file()}
        assert set(artifacts) == on_disk
        for name, stored in artifacts.items():
            assert stored.sha256 == file_sha256(folder / step / name)
            assert bench.services.store.stat(stored.key).sha256 == stored.sha256
    keys = {stored.key for artifacts in recorded.values() for stored in artifacts.values()}
    assert {stored.key for stored in bench.services.store.list("")} == keys


@pytest.mark.parametrize("end", ENDS)
def test_a_step_killed_at_any_of_its_ends_is_done_once_in_the_end(
    bench: SweepBench, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_at(end, stage, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        bench.do("xtal1_1", "import")
    monkeypatch.undo()
    assert bench.do("xtal1_1", "import") is None
    assert bench.result("xtal1_1").steps_done == {"import"}
    keys = [stored.key for stored in bench.services.store.list("")]
    assert sorted(keys) == sorted(_published(bench, "import"))


def _published(bench: SweepBench, step: str) -> list[str]:
    with bench.services.catalog.transaction() as connection:
        return [stored.key for stored in artifacts_of_step(connection, bench.runs["xtal1_1"], step).values()]


def test_a_step_that_is_done_is_not_done_again(bench: SweepBench) -> None:
    bench.do("xtal1_1", "import")
    before = (bench.run_directory("xtal1_1") / "import").stat().st_mtime_ns
    bench.do("xtal1_1", "import")
    assert (bench.run_directory("xtal1_1") / "import").stat().st_mtime_ns == before


def test_another_machine_goes_on_from_the_store(bench: SweepBench) -> None:
    bench.do("xtal1_1", "import", "find_spots")
    shutil.rmtree(bench.services.run_root)
    assert bench.do("xtal1_1", "index") is None
    assert (bench.run_directory("xtal1_1") / "find_spots" / "strong.refl").exists()


def test_a_damaged_artifact_ends_its_run_by_name_and_no_other(bench: SweepBench) -> None:
    bench.do("xtal1_1", "import")
    bench.do("xtal2_1", "import")
    (key,) = [key for key in _published(bench, "import") if key.endswith("imported.expt")]
    object_path = next(p for p in bench.artifacts.rglob("*") if p.is_file() and str(p).endswith(key))
    object_path.chmod(0o600)
    object_path.write_bytes(object_path.read_bytes().replace(b"1", b"2", 1))
    shutil.rmtree(bench.services.run_root)
    with pytest.raises(ArtifactDamagedError):
        bench.do("xtal1_1", "find_spots")
    outcome = bench.result("xtal1_1").outcome
    assert outcome is not None
    assert outcome.code is OutcomeCode.ARTIFACT_DAMAGED
    assert "imported.expt" in outcome.sentence
    assert bench.do("xtal2_1", "find_spots") is None


def test_a_store_that_is_away_keeps_the_work_and_its_words(
    bench: SweepBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailableError("The store is away.")

    monkeypatch.setattr(type(bench.services.store), "put", away)
    with pytest.raises(StoreUnavailableError):
        bench.do("xtal1_1", "import")
    monkeypatch.undo()
    assert "The store is away." in bench.result("xtal1_1").last_trouble
    assert bench.do("xtal1_1", "import") is None


def test_a_step_at_which_another_process_works_is_left_to_it(
    bench: SweepBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "LOCK_PATIENCE_S", 0.2)
    with bench.services.catalog.transaction() as connection:
        place = load_run(connection, bench.runs["xtal1_1"]).place
    with (
        folders.step_lock(bench.services.run_root / place, "import"),
        pytest.raises(StepBusyError, match="step import"),
    ):
        bench.do("xtal1_1", "import")


def test_a_wrong_cell_is_left_for_a_search_without_one(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    bench = open_bench(
        tmp_path,
        catalog_dsn,
        tiny_images,
        settings=CHEAP,
        space_group="P 21 21 21",
        unit_cell="37.1,51.9,60.3,90,90,90",
    )
    outcome = bench.do("xtal1_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.WRONG_SYMMETRY


def test_without_any_knowledge_the_lattice_gets_the_symmetry_that_is_clear_cut(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    bench = open_bench(tmp_path, catalog_dsn, tiny_images, settings=CHEAP)
    assert bench.do("xtal1_1", "import", "find_spots", "index") is None
    assert bench.result("xtal1_1").space_group == "H 3"
