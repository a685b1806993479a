"""Master files and their data files: which images are there, and nothing outside their folder is opened."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.services.dectris_writer import write_dectris
from tests.services.nxmx_writer import Nxmx, write_data_file, write_master, write_nxmx

from beamloop.image_files import master as master_module
from beamloop.image_files.faults import CUT_SHORT, NOT_THERE, STILL_WRITTEN
from beamloop.image_files.hdf5_file import OpenHdf5, open_hdf5
from beamloop.image_files.hdf5_survey import Survey, survey_file
from beamloop.image_files.master import MasterContent, read_master
from beamloop.records.images import IMAGE_PATTERNS, MasterImages, data_file_pattern_fault
from beamloop.simulate.presets import PRESETS

pytestmark = pytest.mark.unit

PLAN = PRESETS["tiny2"](1)
FRAMES = np.arange(5 * 6 * 7, dtype=np.int32).reshape(5, 6, 7)
ALL = (1, 2, 3, 4, 5)
OUTSIDE = "naming a file outside its folder, which is refused"


@pytest.fixture
def nxmx(tmp_path: Path) -> Nxmx:
    """Provide a whole sweep of five images in data files of two, two and one."""
    made = Nxmx(tmp_path / "plate", frames_of_files=(2, 2, 1))
    write_nxmx(made, PLAN, FRAMES)
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Provide the files that were opened, in order."""
    paths: list[Path] = []

    def noted(path: Path) -> AbstractContextManager[OpenHdf5]:
        paths.append(path)
        return open_hdf5(path)

    monkeypatch.setattr(master_module, "open_hdf5", noted)
    return paths


def read(nxmx: Nxmx) -> MasterContent:
    return read_master(nxmx.folder, nxmx.master.name)


def names(nxmx: Nxmx) -> list[str]:
    return [nxmx.master.name, *(path.name for path in nxmx.data_files)]


def test_a_whole_sweep_has_all_its_images_and_files(nxmx: Nxmx) -> None:
    content = read(nxmx)
    assert (content.frame_count, content.numbers, content.faults) == (5, ALL, {})
    assert list(content.files) == names(nxmx)


def test_images_that_are_declared_and_not_written_are_not_there(nxmx: Nxmx) -> None:
    write_data_file(nxmx, FRAMES, 1, written=1)
    content = read(nxmx)
    assert (content.frame_count, content.numbers, content.faults) == (5, (1, 2, 3, 5), {})


def test_a_data_file_that_is_not_there_is_named(nxmx: Nxmx) -> None:
    nxmx.data_files[1].unlink()
    content = read(nxmx)
    assert (content.frame_count, content.numbers, content.faults) == (5, (1, 2, 5), {})
    assert content.absent_data_files == (nxmx.data_files[1].name,)


@pytest.mark.parametrize("lost_bytes", [1, 100, 1000])
def test_a_data_file_that_is_half_copied_has_no_images_yet(nxmx: Nxmx, lost_bytes: int) -> None:
    whole = nxmx.data_files[2].read_bytes()
    nxmx.data_files[2].write_bytes(whole[:-lost_bytes])
    content = read(nxmx)
    assert content.numbers == (1, 2, 3, 4)
    assert content.faults == {nxmx.data_files[2].name: CUT_SHORT}


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (lambda whole: whole[: len(whole) // 2], CUT_SHORT),
        (lambda _: b"just some text", "no HDF5 file"),
        (lambda _: b"", "no HDF5 file"),
        (lambda whole: whole[:8] + bytes(len(whole) - 8), "a damaged HDF5 file"),
    ],
)
def test_a_broken_master_is_told_from_a_whole_one(
    nxmx: Nxmx, break_it: Callable[[bytes], bytes], fault: str
) -> None:
    nxmx.master.write_bytes(break_it(nxmx.master.read_bytes()))
    content = read(nxmx)
    assert (content.frame_count, content.numbers) == (None, ())
    assert content.faults == {nxmx.master.name: fault}


SWMR_WRITER = """
import h5py, os, sys
file = h5py.File(sys.argv[1], "w", libver=("v110", "v110"))
data = file.create_dataset("data", (0, 6, 7), maxshape=(None, 6, 7), chunks=(1, 6, 7), dtype="i4")
file.swmr_mode = True
data.resize(2, axis=0)
data[: int(sys.argv[2])] = 1
file.flush()
os._exit(0)
"""


def test_a_file_that_is_being_written_shows_the_images_so_far(nxmx: Nxmx) -> None:
    for written, numbers in ((1, (1, 2, 3, 5)), (2, ALL)):
        # Ends without closing the file, so that it looks as while its writer is at work.
        subprocess.run([sys.executable, "-c", SWMR_WRITER, nxmx.data_files[1], str(written)], check=True)
        content = read(nxmx)
        assert (content.numbers, content.faults) == (numbers, {nxmx.data_files[1].name: STILL_WRITTEN})


def test_images_that_take_turns_between_files_are_found(nxmx: Nxmx) -> None:
    odd, even = nxmx.data_files[:2]
    layout = h5py.VirtualLayout((4, 6, 7), np.int32)
    for path, part in ((odd, slice(0, 4, 2)), (even, slice(1, 4, 2))):
        layout[part] = h5py.VirtualSource(path.name, "data", shape=(2, 6, 7))
    with h5py.File(nxmx.master, "r+") as file:
        del file["entry/data/data"]
        file["entry/data"].create_virtual_dataset("data", layout)
    write_data_file(nxmx, FRAMES, 1, written=1)
    assert read(nxmx).numbers == (1, 2, 3)


def test_links_of_dectris_are_joined_and_may_be_more_than_the_images_fill(nxmx: Nxmx) -> None:
    write_dectris(nxmx, PLAN, FRAMES, links=7, triggers=5)
    content = read(nxmx)
    assert (content.frame_count, content.numbers, content.faults) == (5, ALL, {})
    assert content.absent_data_files == ()


def test_of_dectris_a_data_file_in_the_middle_leaves_a_gap(nxmx: Nxmx) -> None:
    write_dectris(nxmx, PLAN, FRAMES)
    nxmx.data_files[1].unlink()
    content = read(nxmx)
    assert (content.numbers, content.absent_data_files) == ((1, 2, 5), (nxmx.data_files[1].name,))
    assert not content.in_one_data_set


@pytest.mark.parametrize("kind", ["link", "virtual", "second file", "mask"])
@pytest.mark.parametrize("target", ["/etc/passwd", "../secret.h5", "sub/../../secret.h5", "leads_out.h5"])
def test_nothing_outside_the_folder_is_ever_opened(
    nxmx: Nxmx, opened: list[Path], kind: str, target: str
) -> None:
    secret = nxmx.folder.parent / "secret.h5"
    secret.write_bytes(nxmx.data_files[0].read_bytes())
    (nxmx.folder / "leads_out.h5").symlink_to(secret)
    guilty = nxmx.data_files[0] if kind == "second file" else nxmx.master
    with h5py.File(guilty, "r+") as file:
        if kind == "virtual":
            layout = h5py.VirtualLayout((5, 6, 7), np.int32)
            layout[:2] = h5py.VirtualSource(target, "data", shape=(2, 6, 7))
            del file["entry/data/data"]
            file["entry/data"].create_virtual_dataset("data", layout)
        elif kind == "mask":
            del file["entry/instrument/detector/pixel_mask"]
            file["entry/instrument/detector/pixel_mask"] = h5py.ExternalLink(target, "data")
        else:
            file["more"] = h5py.ExternalLink(target, "data")
    content = read(nxmx)
    assert content.faults[guilty.name] == f"{OUTSIDE} ('{target}')"
    assert {path.resolve().parent for path in opened} == {nxmx.folder}
    assert [path.name for path in opened if path.is_symlink()] == []


def test_raw_files_behind_a_data_set_are_refused(nxmx: Nxmx) -> None:
    with h5py.File(nxmx.master, "r+") as file:
        file.create_dataset("raw", (10,), "u1", external=[("/etc/passwd", 0, 10)])
    assert read(nxmx).faults == {nxmx.master.name: "keeping its data in raw files, which is refused"}


def test_links_in_a_circle_come_to_an_end(nxmx: Nxmx) -> None:
    with h5py.File(nxmx.master, "r+") as file:
        del file["entry/data/data"]
        file["entry/data/data"] = h5py.ExternalLink(nxmx.data_files[0].name, "round")
        file["self"] = h5py.SoftLink("/self")
        file["entry/again"] = file["entry"]
    with h5py.File(nxmx.data_files[0], "r+") as file:
        file["round"] = h5py.ExternalLink(nxmx.master.name, "entry/data/data")
    assert read(nxmx).numbers == ()


@pytest.mark.timeout(20)
def test_a_pipe_under_a_data_files_name_keeps_nobody_waiting(nxmx: Nxmx) -> None:
    nxmx.data_files[2].unlink()
    os.mkfifo(nxmx.data_files[2])
    content = read(nxmx)
    assert (content.numbers, content.faults) == (
        (1, 2, 3, 4),
        {nxmx.data_files[2].name: "no ordinary file"},
    )


def test_a_mask_in_a_file_of_its_own_must_be_there(nxmx: Nxmx) -> None:
    with h5py.File(nxmx.master, "r+") as file:
        del file["entry/instrument/detector/pixel_mask"]
        file["entry/instrument/detector/pixel_mask"] = h5py.ExternalLink("xtal1_1_meta.h5", "mask")
    assert read(nxmx).faults == {"xtal1_1_meta.h5": NOT_THERE}


def test_a_master_without_data_files_says_how_many_images_it_awaits(tmp_path: Path) -> None:
    nxmx = Nxmx(tmp_path / "plate", frames_of_files=(2, 2, 1))
    nxmx.folder.mkdir()
    write_master(nxmx, PLAN, FRAMES)
    content = read(nxmx)
    assert (content.frame_count, content.numbers) == (5, ())


def test_every_file_is_closed_again(nxmx: Nxmx, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[h5py.File] = []

    def noted(file: h5py.File) -> Survey:
        files.append(file)
        return survey_file(file)

    monkeypatch.setattr(master_module, "survey_file", noted)
    read(nxmx)
    assert len(files) == 4
    assert not any(files)  # a closed file is false


def test_other_formats_do_not_pay_for_hdf5() -> None:
    code = "import beamloop.watch.scan, beamloop.cli.process, sys; sys.exit('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("file", "name"),
    [("xtal2_1_master.h5", "xtal2_1"), ("xtal2_1.nxs", "xtal2_1"), ("_master.h5", "_master.h5")],
)
def test_a_sweep_is_called_after_its_master(file: str, name: str) -> None:
    images = MasterImages(Path("/data"), file, ("xtal2_1_data_000001.h5",), last=10, missing=(4, 5))
    assert (images.name, images.template, images.template_parts) == (name, file, (file, 0, ""))
    assert images.blocks() == [(1, 3), (6, 10)]


@pytest.mark.parametrize("pattern", ["*.h5", "*", "x_*.h5", "*_data_*.h5"])
def test_a_pattern_that_takes_data_files_is_told(pattern: str) -> None:
    assert "takes data files for master files" in (data_file_pattern_fault(pattern) or "")


@pytest.mark.parametrize("pattern", IMAGE_PATTERNS)
def test_the_default_patterns_take_no_data_file(pattern: str) -> None:
    assert data_file_pattern_fault(pattern) is None
