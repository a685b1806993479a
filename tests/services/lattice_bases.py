"""Cells of one lattice in other axes, by the axes themselves."""

import math
from collections.abc import Sequence

import gemmi
import numpy as np
from numpy.typing import ArrayLike

OBVERSE = [[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]]
BODY_CENTRED = [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]
# What DIALS writes for the primitive setting of I 2 3, and its axes in terms of the cubic ones.
PRIMITIVE_I23 = "I 2 2 3 (y+z,x+z,x+y)"


def in_axes(cell: Sequence[float], rows: ArrayLike) -> list[float]:
    """Return a cell (angstrom, degrees) for axes in terms of its own, shape (3, 3)."""
    orthogonal = np.array(gemmi.UnitCell(*cell).orth.mat.tolist()).T
    axes = np.asarray(rows, dtype=np.float64) @ orthogonal
    lengths = [float(np.linalg.norm(axis)) for axis in axes]
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = (float(axes[i] @ axes[j]) / (lengths[i] * lengths[j]) for i, j in pairs)
    return [*lengths, *(math.degrees(math.acos(cosine)) for cosine in cosines)]
