"""Cells that do not belong to the others, and why (first version: the reason is not looked for)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from beamloop.unit_cells.cell_arrays import FACES, as_cells, face_diagonals

ROBUST_Z_LIMIT = 5.0
SMALLEST_DEVIATION = 0.001
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class CellOutlier:
    """A cell that a person should look at."""

    serial: int  # 7
    robust_z: float  # 640.2
    face: str  # "ac"
    reason: str  # "doubled_axis"
    sentence: str  # "c is 2.00 times the others' c (...)"


def find_outliers(cells: ArrayLike) -> tuple[CellOutlier, ...]:
    """Return the outliers."""
    diagonals = face_diagonals(as_cells(cells))
    middle = np.median(diagonals, axis=0)
    deviation = MAD_TO_SIGMA * np.median(np.abs(diagonals - middle), axis=0)
    z = np.abs(diagonals - middle) / np.maximum(deviation, SMALLEST_DEVIATION * middle)
    return tuple(
        CellOutlier(
            int(row) + 1, float(z[row].max()), FACES[int(z[row].argmax())], "other_form", "Unlike the others."
        )
        for row in np.flatnonzero(z.max(axis=1) > ROBUST_Z_LIMIT)
    )
