"""The orientation of a known crystal, from a handful of spots and in spite of strays."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from beamloop.dials_cli.crystal_writing import primitive_axes
from beamloop.sweep.acceptance import HIGHEST_CHANCE
from beamloop.sweep.orientation import find_orientation
from beamloop.sweep.rungs import WORTH_A_START
from beamloop.unit_cells.cell_arrays import metric_tensors

pytestmark = pytest.mark.unit

Floats = NDArray[np.float64]
CELL = (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
D_MIN = 6.5
# Half a pixel of 0.172 mm at 240 mm, as of a detector that siblings have refined.
NOISE_PER_A = 4e-4


def reciprocal_axes() -> Floats:
    """Columns, 1/angstrom, shape (3, 3), of the primitive cell in its own frame."""
    rows = primitive_axes("H 3") @ np.linalg.cholesky(metric_tensors(np.array([CELL]))[0])
    return np.asarray(np.linalg.inv(rows))


def strays(count: int, random: np.random.Generator) -> Floats:
    """Anywhere to D_MIN, 1/angstrom, shape (count, 3)."""
    directions = random.standard_normal((count, 3))
    radii = np.cbrt(random.uniform(0.01, 1.0, count)) / D_MIN
    return np.asarray(directions / np.linalg.norm(directions, axis=1)[:, None] * radii[:, None])


def spots(count: int, rotation: Floats, random: np.random.Generator) -> Floats:
    """Of a crystal with this orientation, 1/angstrom, shape (count, 3)."""
    basis = rotation @ reciprocal_axes()
    indices = np.round(strays(count, random) @ np.linalg.inv(basis).T)
    return np.asarray(indices @ basis.T + NOISE_PER_A * random.standard_normal((count, 3)))


@pytest.mark.parametrize(("own", "foreign"), [(10, 2), (14, 20)])
def test_a_handful_of_spots_proves_the_orientation(own: int, foreign: int) -> None:
    random = np.random.default_rng(own)
    rotation = Rotation.from_rotvec([0.3, -1.1, 2.0]).as_matrix()
    vectors = np.vstack([spots(own, rotation, random), strays(foreign, random)])
    found = find_orientation(vectors, reciprocal_axes())
    assert found is not None
    assert found.chance < HIGHEST_CHANCE
    assert found.close_count >= own - 1
    # The lattice may be turned by its own symmetry: what counts is that it indexes the crystal's spots.
    basis = found.rotation @ reciprocal_axes()
    indices = vectors[:own] @ np.linalg.inv(basis).T
    assert (np.linalg.norm(indices - np.round(indices), axis=1) < 0.1).sum() >= own - 1


@pytest.mark.parametrize("count", [8, 30])
def test_strays_alone_are_not_worth_a_program(count: int) -> None:
    found = find_orientation(strays(count, np.random.default_rng(count)), reciprocal_axes())
    assert found is None or found.chance > WORTH_A_START


def test_one_spot_has_no_orientation() -> None:
    assert find_orientation(np.array([[0.1, 0.0, 0.0]]), reciprocal_axes()) is None
    assert find_orientation(np.array([[0.1, 0.0, 0.0], [0.15, 0.0, 0.0]]), reciprocal_axes()) is None
