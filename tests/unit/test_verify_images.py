"""Broken image files are named with what is wrong, before DIALS sees them."""

from pathlib import Path

import pytest

from beamloop.sweep.verify_images import faults_of, image_fault, words_for

pytestmark = pytest.mark.unit

START = b"\x0c\x1a\x04\xd5"
HEADER = b"###CBF: VERSION 1.5\r\ndata_x\r\nX-Binary-Size: 100\r\n\r\n" + START


def fault(folder: Path, content: bytes) -> str | None:
    path = folder / "x_001.cbf"
    path.write_bytes(content)
    return image_fault(path, folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER + bytes(100), None),
        (b"", "empty"),
        (b"just some text", "not a CBF file"),
        (b"###CBF: VERSION 1.5\r\n", "without a complete CBF header"),
        (HEADER + bytes(99), "cut short"),
    ],
)
def test_a_broken_image_is_told_from_a_whole_one(tmp_path: Path, content: bytes, words: str | None) -> None:
    assert fault(tmp_path, content) == words


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "collection"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(HEADER + bytes(100))
    (folder / "x_001.cbf").symlink_to(tmp_path / "secret")
    assert image_fault(folder / "x_001.cbf", folder) == "a link to outside its folder"


def test_missing_and_unreadable_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x_002.cbf").mkdir()
    faults = faults_of([tmp_path / "x_001.cbf", tmp_path / "x_002.cbf"], tmp_path)
    assert faults == {"not there": ["x_001.cbf"], "unreadable (Is a directory)": ["x_002.cbf"]}


def test_many_faulty_files_are_counted_not_all_listed() -> None:
    words = words_for({"empty": [f"x_{n}.cbf" for n in range(100)]})
    assert words.startswith("100 are empty: ")
    assert words.count("cbf") == 5
