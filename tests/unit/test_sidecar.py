"""The sample file beside the images: read when good, named with its field and remedy when bad."""

import os
from pathlib import Path

import pytest

from beamloop.beamlines.sidecar import LARGEST_BYTES, SIDECAR_NAME, read_sidecar
from beamloop.errors import InvalidInputError
from beamloop.records.sample import Sample, UnitCell

pytestmark = pytest.mark.unit

HEXAGONAL = UnitCell(98.3, 98.3, 136.6, 90, 90, 120)


def test_a_folder_without_the_file_says_nothing(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "sample"),
    [
        ("space_group: H 3", Sample("H 3")),
        ("space_group: 146", Sample("H 3")),
        ("unit_cell: 98.3,98.3,136.6,90,90,120", Sample(None, HEXAGONAL)),
        ("space_group: H3\nunit_cell: [98.3, 98.3, 136.6, 90, 90, 120]", Sample("H 3", HEXAGONAL)),
    ],
)
def test_both_fields_may_be_written_as_people_write_them(tmp_path: Path, text: str, sample: Sample) -> None:
    (tmp_path / SIDECAR_NAME).write_text(text)
    assert read_sidecar(tmp_path) == sample


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file: Input should be a valid dictionary"),
        (b"{}", "neither space_group nor unit_cell"),
        (b"spacegroup: H 3", "spacegroup: Extra inputs are not permitted"),
        (b"space_group: P 99", "no space group 'P 99'"),
        (b"space_group: [H, 3]", "space_group"),
        (b"unit_cell: [1, 2]", "has 2 numbers"),
        (b"unit_cell: [a, b]", "unit_cell"),
        (b"space_group: P 4\nunit_cell: 50,60,70,90,90,90", "does not obey"),
        (b"space_group: [", "not YAML"),
        (b"[" * 5000, "not YAML"),
        (b"\xff\xfe", "cannot be read"),
        (b"#" * (LARGEST_BYTES + 1), "larger than"),
        (b"!!python/object/apply:os.system [id]", "not YAML"),
    ],
)
def test_a_fault_is_named_with_file_field_and_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / SIDECAR_NAME).write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        read_sidecar(tmp_path)
    assert SIDECAR_NAME in caught.value.what
    assert words in caught.value.what
    assert caught.value.evidence == str(tmp_path / SIDECAR_NAME)
    assert "docs/operations.md" in caught.value.try_next


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / SIDECAR_NAME)
    with pytest.raises(InvalidInputError, match="not a regular file"):
        read_sidecar(tmp_path)


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("space_group: H 3")
    (tmp_path / SIDECAR_NAME).symlink_to(tmp_path / "other.yaml")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_sidecar(tmp_path)
