"""Files become sweeps, whatever their names."""

import os
from pathlib import Path

import pytest

from beamloop.errors import InvalidInputError
from beamloop.watch.find_sweeps import read_folder

pytestmark = pytest.mark.unit

HOSTILE_PREFIXES = ["a b_", "it's_", '"_', "$(touch x)_", "Ω_", "new\nline_", "100%_", "-x_", "{}_", "_"]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def test_each_template_is_a_sweep_and_gaps_are_named(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a_1_{n:05d}.cbf" for n in (1, 2, 4)), *(f"b_{n:04d}.cbf" for n in (3, 4)))
    first, second = read_folder(tmp_path).sweeps
    assert (first.images.name, first.images.template, first.images.missing) == ("a_1", "a_1_#####.cbf", (3,))
    assert (second.images.name, second.images.first, second.images.last) == ("b", 3, 4)


@pytest.mark.parametrize("suffix", [".cbf.gz", ".cbf.bz2"])
def test_packed_images_are_a_sweep_of_their_own(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"a_1_00001{suffix}", f"a_1_00002{suffix}", f"a_1_00001{suffix}.part")
    (sweep,) = read_folder(tmp_path).sweeps
    assert (sweep.images.template, sweep.images.last) == (f"a_1_#####{suffix}", 2)
    assert [path.exists() for path in sweep.images.paths()] == [True, True]


@pytest.mark.parametrize("prefix", HOSTILE_PREFIXES)
def test_a_hostile_name_is_only_a_name(tmp_path: Path, prefix: str) -> None:
    touch(tmp_path, *(f"{prefix}{n:03d}.cbf" for n in (1, 2)))
    (sweep,) = read_folder(tmp_path).sweeps
    assert [path.name for path in sweep.images.paths()] == [f"{prefix}{n:03d}.cbf" for n in (1, 2)]
    assert all(path.exists() for path in sweep.images.paths())


def test_a_file_without_a_number_is_told_not_dropped(tmp_path: Path) -> None:
    touch(tmp_path, "notes.cbf", "x_001.cbf", "readme.txt")
    assert read_folder(tmp_path).strangers == ("notes.cbf",)


def test_numbers_too_far_apart_are_no_sweep(tmp_path: Path) -> None:
    touch(tmp_path, "x_000000001.cbf", "x_999999999.cbf", "y_001.cbf")
    content = read_folder(tmp_path)
    assert [sweep.images.name for sweep in content.sweeps] == ["y"]
    assert content.strangers == ("x_000000001.cbf", "x_999999999.cbf")


def test_subfolders_are_named_but_for_hidden_ones_links_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    for name in ("xtal1", ".snapshot", os.fsdecode(b"\xff")):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "xtal1")
    content = read_folder(tmp_path)
    assert content.subfolders == ("xtal1",)
    assert content.strangers == (os.fsdecode(b"\xff"),)


def test_a_name_that_is_no_text_is_told_not_dropped(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff_001.cbf")
    touch(tmp_path, name)
    content = read_folder(tmp_path)
    assert content.sweeps == ()
    assert content.strangers == (name,)


def test_files_being_written_under_hidden_names_are_not_seen(tmp_path: Path) -> None:
    touch(tmp_path, ".x_001.cbf", "x_002.cbf.part")
    assert read_folder(tmp_path).sweeps == ()


def test_the_content_changes_when_an_image_does(tmp_path: Path) -> None:
    touch(tmp_path, "x_001.cbf")
    before = read_folder(tmp_path).sweeps[0].content_sha256
    os.utime(tmp_path / "x_001.cbf", (1, 1))
    assert read_folder(tmp_path).sweeps[0].content_sha256 != before


def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file or directory"):
        read_folder(tmp_path / "gone")


@pytest.mark.parametrize("target", ["nowhere", "broken_001.cbf"])
def test_a_link_that_leads_nowhere_hides_no_other_sweep(tmp_path: Path, target: str) -> None:
    touch(tmp_path, "good_001.cbf")
    (tmp_path / "broken_001.cbf").symlink_to(target)
    assert [sweep.images.name for sweep in read_folder(tmp_path).sweeps] == ["broken", "good"]
