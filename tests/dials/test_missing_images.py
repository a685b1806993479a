"""Sweeps with missing images, processed in blocks: one crystal in the end, angles and cells as in truth."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.dials.test_l_cysteine import IMAGES, PARAMETERS, PUBLISHED_CELL
from tests.services.repeated_run import repeat_run
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.dials_cli.experiments import read_experiments
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop.simulate import read_truth, write_collection
from beamloop.simulate.presets import PRESETS
from beamloop.sweep.work import REPORTS

pytestmark = pytest.mark.dials

CELL = "98.3,98.3,136.6,90,90,120"
CHEAP = ("index.indexing.method=fft1d",)
# Without image 8 it keeps 53 spots, and 20 and 19 of its blocks' are indexed: by its defaults, DIALS lets the
# distance drift away, and outlier rejection throws away all of a block with fewer than 20.
REAL_SWEEP = "l-cyst_03"
HOSTILE = "$(touch pwned) 'a b'; #*?[1]_1"


@pytest.fixture(scope="module")
def gap_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide good wedges with one image missing, with three, and with a block of one image."""
    plan = PRESETS["tiny2"](1)
    good = plan.sweeps[0]
    sweeps = (
        replace(good, name="gap_1", images=7, missing=(4,), start_angle_deg=30.0),
        replace(good, name="three_1", images=20, missing=(5, 10, 15), start_angle_deg=-20.0),
        replace(good, name="short_1", images=5, missing=(4,)),
    )
    folder = tmp_path_factory.mktemp("images") / "gaps"
    write_collection(replace(plan, sweeps=sweeps), folder)
    return folder


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str, gap_images: Path) -> SweepBench:
    return open_bench(tmp_path, catalog_dsn, gap_images, settings=CHEAP, space_group="H 3", unit_cell=CELL)


@pytest.mark.parametrize(
    ("sweep", "blocks"),
    [("gap_1", [(1, 3), (5, 7)]), ("three_1", [(1, 4), (6, 9), (11, 14), (16, 20)])],
)
def test_each_block_of_a_wedge_has_the_true_angles_and_cell_and_an_mtz(
    bench: SweepBench, gap_images: Path, sweep: str, blocks: Sequence[tuple[int, int]]
) -> None:
    outcome = bench.do(sweep)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    truth = read_truth(gap_images).sweep(sweep)
    assert truth.crystal is not None
    folder = bench.run_directory(sweep)
    for step, name in (("import", "imported"), ("integrate", "integrated")):
        experiments = read_experiments(folder / step / f"{name}.expt").experiments
        scans = [experiment.scan for experiment in experiments if experiment.scan]
        assert [(scan.first_image, scan.last_image) for scan in scans] == blocks
        for scan in scans:
            true_deg = truth.start_angle_deg + (scan.first_image - 1) * truth.oscillation_deg
            assert scan.start_deg == pytest.approx(true_deg, abs=1e-4)  # the headers' last digit
            assert scan.width_deg == pytest.approx(truth.oscillation_deg, abs=1e-4)
    crystals = [experiment.crystal for experiment in experiments]
    for crystal in crystals:
        assert crystal is not None
        # Blocks of 4 degrees: as test_sweep_stage.py.
        assert crystal.cell.as_tuple()[:3] == pytest.approx(truth.crystal.unit_cell.as_tuple()[:3], rel=0.005)
    mtzs = sorted(path.name for path in (folder / "export").glob("*.mtz"))
    assert mtzs == [f"integrated_{number}.mtz" for number in range(1, len(blocks) + 1)]
    result = bench.result(sweep)
    assert result.indexed_count is not None
    assert result.spot_count is not None
    assert result.indexed_count > 0.9 * result.spot_count  # of all blocks


def test_a_block_too_short_to_refine_leaves_by_name_whatever_the_files_are_called(
    tmp_path: Path, catalog_dsn: str, gap_images: Path
) -> None:
    hostile = tmp_path / "images"
    hostile.mkdir()
    for path in gap_images.glob("short_1_*.cbf"):
        os.link(path, hostile / path.name.replace("short_1", HOSTILE))
    # One image has some 110 spots, three have 300.
    settings = (*CHEAP, "refine.refinement.parameterisation.auto_reduction.min_nref_per_parameter=150")
    bench = open_bench(tmp_path, catalog_dsn, hostile, settings=settings, space_group="H 3", unit_cell=CELL)
    outcome = bench.do(HOSTILE)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert "one block: 1-3. Left out, with too few reflections: images 5." in outcome.sentence
    folder = bench.run_directory(HOSTILE)
    findings = {step: json.loads((folder / step / "step.json").read_text())["finding"] for step in STEPS}
    assert "2 blocks: 1-3, 5; image 4 is missing" in findings["import"]
    assert "images 5 left out" in findings["refine"]
    assert [path.name for path in (folder / "export").glob("*.mtz")] == ["integrated.mtz"]
    assert sorted(path.name for path in (folder / "images").iterdir()) == [
        f"image_{number:06d}.cbf" for number in (1, 2, 3, 5)
    ]


def test_a_block_that_cannot_be_integrated_leaves_by_name_and_the_others_go_on(
    tmp_path: Path, catalog_dsn: str, gap_images: Path
) -> None:
    # One image has some 110 spots, three have 300; within the profile's resolutions a third of that.
    profile = "integrate.profile.gaussian_rs.min_spots"
    settings = (*CHEAP, f"{profile}.overall=150", f"{profile}.per_degree=1000")
    bench = open_bench(
        tmp_path, catalog_dsn, gap_images, settings=settings, space_group="H 3", unit_cell=CELL
    )
    outcome = bench.do("short_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert "one block: 1-3. Left out, with too few reflections: images 5." in outcome.sentence
    folder = bench.run_directory("short_1")
    report = REPORTS.read(folder / "integrate")
    assert "images 5 left out: Too few reflections for profile modelling" in report.finding
    assert [crystal.crystal_number for crystal in report.crystals] == [1]
    again = repeat_run(bench, "short_1", tmp_path)
    for place in (folder, again):
        assert [path.name for path in (place / "export").glob("*.mtz")] == ["integrated.mtz"]


def test_a_beamline_that_refuses_gaps_is_told_the_numbers(
    tmp_path: Path, catalog_dsn: str, gap_images: Path
) -> None:
    bench = open_bench(tmp_path, catalog_dsn, gap_images, refuse_gaps=True)
    outcome = bench.do("three_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.MISSING_IMAGES
    assert "images 5, 10, 15 are missing" in outcome.sentence


@pytest.mark.skipif(not IMAGES.is_dir(), reason="../shared/data/l_cysteine_images is not here")
def test_a_real_sweep_without_image_8_ends_as_two_mtz_files_of_one_crystal(
    tmp_path: Path, catalog_dsn: str
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for path in IMAGES.glob(f"{REAL_SWEEP}_*.cbf"):
        if path.stem != f"{REAL_SWEEP}_00008":
            os.link(path, images / path.name)
    bench = open_bench(
        tmp_path,
        catalog_dsn,
        images,
        profile="full",
        space_group="P212121",
        unit_cell="5.43,8.14,12.04,90,90,90",
        settings=PARAMETERS,
    )
    outcome = bench.do(REAL_SWEEP)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert "one for each block: 1-7, 9-15." in outcome.sentence
    folder = bench.run_directory(REAL_SWEEP)
    indexed = read_experiments(folder / "index" / "indexed.expt").experiments
    assert len({experiment.crystal for experiment in indexed}) == 1
    refined = json.loads((folder / "refine" / "refined.expt").read_text())
    assert [len(refined[model]) for model in ("crystal", "beam", "goniometer", "detector")] == [2, 1, 1, 1]
    assert all("A_at_scan_points" in crystal for crystal in refined["crystal"])
    assert len(list((folder / "export").glob("integrated_[12].mtz"))) == 2
    result = bench.result(REAL_SWEEP)
    assert result.cell is not None
    # With the header's distance, which is 0.3 % longer than the jointly refined one.
    assert result.cell[:3] == pytest.approx(PUBLISHED_CELL, rel=0.004)
