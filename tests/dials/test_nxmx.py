"""A sweep in HDF5 gives what the same images give as CBF, and goes through all six steps."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
from tests.services import nxmx_writer
from tests.services.dectris_writer import write_dectris
from tests.services.nxmx_writer import Frames, Nxmx, simulated_frames, write_nxmx
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.dials_cli.experiments import read_experiments
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate.presets import PRESETS
from beamloop.simulate.truth import truth_of

pytestmark = pytest.mark.dials

TINY = PRESETS["tiny2"](1)
CELL = "98.3,98.3,136.6,90,90,120"
CHEAP = ("index.indexing.method=fft1d",)


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Provide the images of the sweep xtal1_1 of `tiny_images`."""
    return simulated_frames(TINY, 0)


def open_at(folder: Path, dsn: str, images: Path, *, refuse_gaps: bool = False) -> SweepBench:
    return open_bench(
        folder, dsn, images, settings=CHEAP, space_group="H 3", unit_cell=CELL, refuse_gaps=refuse_gaps
    )


def test_the_same_images_give_the_same_spots_and_cell(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path, frames: Frames
) -> None:
    # A blank in the path: DIALS gets a link to the master, and HDF5 finds the data files all the same.
    folder = tmp_path / "h5 plate"
    write_nxmx(Nxmx(folder), TINY, frames)
    cbf = open_at(tmp_path / "cbf", catalog_dsn, tiny_images)
    assert cbf.do("xtal1_1", "import", "find_spots", "index", "refine") is None
    nxmx = open_at(tmp_path / "nxmx", catalog_dsn, folder)
    assert nxmx.do("xtal1_1", "import", "find_spots", "index", "refine") is None
    one, other = cbf.result("xtal1_1"), nxmx.result("xtal1_1")
    # The same counts in the same pixels, behind the same detector: not a spot may differ, and refinement
    # differs by rounding alone (a cell length of 98 A by 1e-13 A where this was written).
    assert (other.spot_count, other.indexed_count) == (one.spot_count, one.indexed_count)
    assert other.cell == pytest.approx(one.cell, rel=1e-9)
    assert (other.distance_mm, other.rmsd_x_px) == pytest.approx((one.distance_mm, one.rmsd_x_px), rel=1e-9)


def test_missing_data_files_leave_blocks_with_true_angles_and_cells_and_an_mtz_each(
    tmp_path: Path, catalog_dsn: str
) -> None:
    sweep = replace(TINY.sweeps[0], name="gap_1", images=8, start_angle_deg=30.0)
    plan = replace(TINY, sweeps=(sweep,))
    nxmx = Nxmx(tmp_path / "plate", "gap_1", (3, 1, 3, 1))
    write_nxmx(nxmx, plan, simulated_frames(plan, 0))
    for number in (1, 3):
        nxmx.data_files[number].unlink()
    bench = open_at(tmp_path, catalog_dsn, nxmx.folder)
    outcome = bench.do("gap_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert "one for each block: 1-3, 5-7." in outcome.sentence
    folder = bench.run_directory("gap_1")
    said = json.loads((folder / "import" / "step.json").read_text())["finding"]
    assert said.endswith(
        "2 blocks: 1-3, 5-7; image 4 is missing; the master announces 8; "
        "not there: 'gap_1_data_000002.h5', 'gap_1_data_000004.h5'"
    )
    experiments = read_experiments(folder / "integrate" / "integrated.expt").experiments
    scans = [experiment.scan for experiment in experiments if experiment.scan]
    assert [(scan.first_image, scan.last_image) for scan in scans] == [(1, 3), (5, 7)]
    # Angles are not rounded on the way, as the four digits of a mini-CBF's header are.
    assert [scan.start_deg for scan in scans] == pytest.approx([30.0, 34.0])
    truth = truth_of(plan).sweep("gap_1").crystal
    assert truth is not None
    for experiment in experiments:
        assert experiment.crystal is not None
        # Blocks of 3 degrees: as test_missing_images.py.
        lengths = experiment.crystal.cell.as_tuple()[:3]
        assert lengths == pytest.approx(truth.unit_cell.as_tuple()[:3], rel=0.005)
    assert sorted(path.name for path in (folder / "export").glob("*.mtz")) == [
        "integrated_1.mtz",
        "integrated_2.mtz",
    ]


def test_the_files_of_dectris_give_the_same_spots_and_no_wrong_angles(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path, frames: Frames
) -> None:
    names = Nxmx(tmp_path / "plate", frames_of_files=(1, 1, 1, 1))
    write_dectris(names, TINY, frames)
    whole = open_at(tmp_path, catalog_dsn, names.folder)
    assert whole.do("xtal1_1", "import", "find_spots") is None
    cbf = open_at(tmp_path / "cbf", catalog_dsn, tiny_images)
    assert cbf.do("xtal1_1", "import", "find_spots") is None
    assert whole.result("xtal1_1").spot_count == cbf.result("xtal1_1").spot_count
    names.data_files[1].unlink()
    outcome = open_at(tmp_path / "gap", catalog_dsn, names.folder).do("xtal1_1")
    assert outcome is not None
    assert outcome.code is OutcomeCode.MISSING_IMAGES
    assert "image 2 is missing; not there: 'xtal1_1_data_000002.h5'." in outcome.sentence


def test_what_cannot_be_processed_is_named_before_dials_starts(
    tmp_path: Path, catalog_dsn: str, frames: Frames
) -> None:
    def end(name: str, *, refuse_gaps: bool = False) -> tuple[OutcomeCode, str]:
        bench = open_at(tmp_path / name, catalog_dsn, tmp_path / name, refuse_gaps=refuse_gaps)
        outcome = bench.do("xtal1_1", "import")
        assert outcome is not None
        return outcome.code, outcome.sentence

    sweeps = {name: Nxmx(tmp_path / name) for name in ("gone", "hostile", "short", "gap")}
    sweeps["gap"] = Nxmx(tmp_path / "gap", frames_of_files=(1, 1, 2))
    for nxmx in sweeps.values():
        write_nxmx(nxmx, TINY, frames)
    for path in (*sweeps["gone"].data_files, sweeps["gap"].data_files[1]):
        path.unlink()
    with h5py.File(sweeps["hostile"].master, "r+") as file:
        file["entry/more"] = h5py.ExternalLink("/etc/passwd", "data")
    master = sweeps["short"].master
    master.write_bytes(master.read_bytes()[:-1000])

    code, words = end("gone")
    assert code is OutcomeCode.MISSING_IMAGES
    assert words == ("No image is there; not there: 'xtal1_1_data_000001.h5', 'xtal1_1_data_000002.h5'.")
    assert end("hostile") == (
        OutcomeCode.UNREADABLE_IMAGES,
        "Of 3 files, 1 is naming a file outside its folder, which is refused ('/etc/passwd'): "
        "'xtal1_1_master.h5'.",
    )
    assert end("short") == (
        OutcomeCode.UNREADABLE_IMAGES,
        "Of 1 files, 1 is cut short: 'xtal1_1_master.h5'.",
    )
    code, words = end("gap", refuse_gaps=True)
    assert (code, "image 2 is missing" in words) == (OutcomeCode.MISSING_IMAGES, True)


def test_files_that_dials_cannot_read_are_not_taken_for_images_without_spots(
    tmp_path: Path, catalog_dsn: str, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    nxmx = Nxmx(tmp_path / "plate")
    # The newest format of h5py's own HDF5, which that of Debian 12 does not know.
    monkeypatch.setattr(nxmx_writer, "LIBVER", "latest")
    write_nxmx(nxmx, TINY, frames)
    bench = open_at(tmp_path, catalog_dsn, nxmx.folder)
    if not bench.services.dials.version().startswith("3.12."):
        pytest.skip("a newer DIALS may have a newer HDF5; that of 3.30.1 reads these files")
    outcome = bench.do("xtal1_1", "import")
    assert outcome is not None
    assert outcome.code is OutcomeCode.UNREADABLE_IMAGES
    assert outcome.sentence.startswith("DIALS's HDF5 cannot read ")
    assert "xtal1_1_data_000001.h5" in outcome.sentence
