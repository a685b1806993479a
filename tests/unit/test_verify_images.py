"""Broken image files are named with what is wrong, before DIALS sees them."""

import bz2
import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from beamloop.image_files.cbf import image_fault
from beamloop.image_files.faults import FIRST_ARRAY_ONLY
from beamloop.image_files.full_cbf import frames_in_scan
from beamloop.sweep.verify_images import faults_of, words_for

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


ARRAYS = """###CBF: VERSION 1.5
data_x
loop_
_diffrn_data_frame.id
_diffrn_data_frame.array_id
FRAME1 MODULE_1
FRAME1 {second}

loop_
_array_data.array_id
_array_data.data
MODULE_1
;
Content-Type: application/octet-stream;
     conversions="{packing}"
X-Binary-Size: 100

"""


@pytest.mark.parametrize(
    ("second", "packing", "words"),
    [
        ("MODULE_2", "x-CBF_BYTE_OFFSET", FIRST_ARRAY_ONLY),
        ("MODULE_2", "x-CBF_PACKED", None),
        ("MODULE_1", "x-CBF_BYTE_OFFSET", None),
    ],
)
def test_several_arrays_of_which_dials_would_read_one_are_refused(
    tmp_path: Path, second: str, packing: str, words: str | None
) -> None:
    head = ARRAYS.format(second=second, packing=packing).replace("\n", "\r\n")
    assert fault(tmp_path, head.encode() + START + bytes(100)) == words


def test_the_header_of_a_detector_of_many_arrays_is_read_to_its_end(tmp_path: Path) -> None:
    long = HEADER.replace(b"data_x", b"data_x\r\n# " + bytes(100_000).replace(b"\0", b"m"))
    assert fault(tmp_path, long + bytes(100)) is None
    assert fault(tmp_path, long + bytes(99)) == "cut short"


# As a writer leaves it: boundary line and padding after the pixels.
WHOLE = HEADER + bytes(100) + b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n" + bytes(4095)
# Pixels that do not compress, so that a compressed file can be cut in its middle.
LARGE = (
    HEADER.replace(b"100", b"300000") + random.Random(1).randbytes(300000) + b"\r\n;\r\n"  # noqa: S311
)
PACKERS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress}


def packed_fault(folder: Path, suffix: str, content: bytes) -> str | None:
    path = folder / f"x_001.cbf{suffix}"
    path.write_bytes(content)
    return image_fault(path, folder)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_broken_packed_image_is_told_from_a_whole_one(tmp_path: Path, suffix: str) -> None:
    pack = PACKERS[suffix]
    assert packed_fault(tmp_path, suffix, pack(WHOLE)) is None
    assert packed_fault(tmp_path, suffix, pack(LARGE)) is None
    assert packed_fault(tmp_path, suffix, b"") == "empty"
    assert packed_fault(tmp_path, suffix, pack(b"just some text")) == "not a CBF file"
    assert packed_fault(tmp_path, suffix, pack(b"")) == "not a CBF file"
    assert packed_fault(tmp_path, suffix, pack(b"###CBF: VERSION 1.5\r\n")) == "without a complete CBF header"
    words = {".gz": "not a gzip file", ".bz2": "not a bzip2 file"}[suffix]
    assert packed_fault(tmp_path, suffix, WHOLE) == words


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("content", [WHOLE, LARGE], ids=["small", "large"])
def test_a_packed_image_may_be_cut_anywhere(tmp_path: Path, suffix: str, content: bytes) -> None:
    whole = PACKERS[suffix](content)
    for length in (3, 20, len(whole) // 2, len(whole) - 20, len(whole) - 1):
        assert packed_fault(tmp_path, suffix, whole[:length]) == "cut short", length


def test_a_gzip_file_of_several_members_is_whole(tmp_path: Path) -> None:
    members = gzip.compress(LARGE[:1000]) + gzip.compress(LARGE[1000:])
    assert packed_fault(tmp_path, ".gz", members) is None
    assert packed_fault(tmp_path, ".gz", members[:-9]) == "cut short"


def test_of_a_large_packed_image_only_beginning_and_end_are_read(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LARGE))
    packed[150000:150100] = bytes(100)
    assert packed_fault(tmp_path, ".gz", bytes(packed)) is None


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "collection"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(HEADER + bytes(100))
    (folder / "x_001.cbf").symlink_to(tmp_path / "secret")
    assert image_fault(folder / "x_001.cbf", folder) == "a link to outside its folder"


@pytest.mark.timeout(20)
def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x_001.cbf")
    assert image_fault(tmp_path / "x_001.cbf", tmp_path) == "no ordinary file"
    assert frames_in_scan(tmp_path / "x_001.cbf") is None


def test_missing_and_unreadable_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x_002.cbf").mkdir()
    faults = faults_of([tmp_path / "x_001.cbf", tmp_path / "x_002.cbf"], tmp_path)
    assert faults == {"not there": ["x_001.cbf"], "unreadable (Is a directory)": ["x_002.cbf"]}


def test_many_faulty_files_are_counted_not_all_listed() -> None:
    words = words_for({"empty": [f"x_{n}.cbf" for n in range(100)]})
    assert words.startswith("100 are empty: ")
    assert words.count("cbf") == 5
