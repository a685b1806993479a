"""The spots that a lattice leaves over become a spot list of their own."""

from pathlib import Path

import numpy as np
import pytest
from tests.services.random_spots import write_random_spots

from beamloop.dials_cli.reflection_table import Flag, read_reflections
from beamloop.dials_cli.unindexed_spots import write_unindexed
from beamloop.errors import InvalidInputError

pytestmark = pytest.mark.unit


def test_spots_without_indices_are_written_as_spot_finding_left_them(tmp_path: Path) -> None:
    source, target = tmp_path / "strong.refl", tmp_path / "left_over.refl"
    write_random_spots(source, 30, image_count=4, size_px=(487, 619))
    assert write_unindexed(source, target) == 30
    before, after = read_reflections(source), read_reflections(target)
    assert set(after.columns) == set(before.columns)
    for name, values in before.columns.items():
        assert np.array_equal(after[name], values), name
    assert after.has(Flag.STRONG).all()


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "indexed.refl"
    source.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidInputError):
        write_unindexed(source, tmp_path / "left_over.refl")
    assert not (tmp_path / "left_over.refl").exists()
