"""Arrays of unit cells: checks, rounding, metric tensors, face diagonals."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beamloop.errors import InvalidInputError

Floats = NDArray[np.float64]

FACES = ("ab", "ac", "bc")  # the order of face_diagonals' columns
LENGTH_DIGITS, ANGLE_DIGITS = 3, 2  # BLEND reads cells so


def as_cells(cells: ArrayLike) -> Floats:
    """Return cells as an array of shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees.

    Raises
    ------
    InvalidInputError
        When there are none, or one of them is no cell.
    """
    values = np.asarray(cells, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != 6 or len(values) == 0:
        raise InvalidInputError(
            f"Unit cells come as rows of six numbers; these have the shape {values.shape}.",
            try_next="Give at least one cell: a, b, c in angstrom, alpha, beta, gamma in degrees.",
        )
    bad = np.flatnonzero(~is_cell(values))
    if len(bad):
        numbers = " ".join(f"{value:g}" for value in values[bad[0]])
        raise InvalidInputError(
            f"Cell {bad[0] + 1} of {len(values)} is no unit cell: {numbers}.",
            try_next="Lengths are positive, angles between 0 and 180 degrees and possible together.",
        )
    return values


def is_cell(cells: Floats) -> NDArray[np.bool_]:
    """Tell for each row, shape (n, 6), whether three axes can have these lengths and angles."""
    finite = np.isfinite(cells).all(axis=1)
    in_range = (cells[:, :3] > 0).all(axis=1) & ((cells[:, 3:] > 0) & (cells[:, 3:] < 180)).all(axis=1)
    cosines = np.cos(np.radians(np.where(np.isfinite(cells[:, 3:]), cells[:, 3:], 90.0)))
    # The square of the volume of a parallelepiped with edges of length 1.
    volume2 = 1 - (cosines**2).sum(axis=1) + 2 * cosines.prod(axis=1)
    return np.asarray(finite & in_range & (volume2 > 1e-9))


def as_printed(cells: Floats) -> Floats:
    """Round lengths to 3 decimals (angstrom) and angles to 2 (degrees), as BLEND reads them; shape (n, 6)."""
    return np.hstack([cells[:, :3].round(LENGTH_DIGITS), cells[:, 3:].round(ANGLE_DIGITS)])


def face_diagonals(cells: Floats) -> Floats:
    """Return the diagonals of the faces ab, ac, bc in angstrom, shape (n, 3), of cells of shape (n, 6).

    Source: shared/isomorphism.md; D_ab = sqrt(a^2 + b^2 + 2 a b cos gamma).
    """
    a, b, c = cells[:, :3].T
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians(cells[:, 3:])).T
    pairs = ((a, b, cos_gamma), (a, c, cos_beta), (b, c, cos_alpha))
    return np.stack([np.sqrt(p**2 + q**2 + 2 * p * q * cosine) for p, q, cosine in pairs], axis=1)


def metric_tensors(cells: Floats) -> Floats:
    """Return the scalar products of the axes, angstrom^2, shape (n, 3, 3), of cells of shape (n, 6)."""
    cosines = np.cos(np.radians(cells[:, 3:]))
    shape = np.ones((len(cells), 3, 3))
    for column, (i, j) in enumerate(((1, 2), (0, 2), (0, 1))):
        shape[:, i, j] = shape[:, j, i] = cosines[:, column]
    return shape * cells[:, :3, None] * cells[:, None, :3]


def cells_of_metrics(metrics: NDArray[Any]) -> Floats:
    """Return cells, shape (n, 6), of metric tensors in angstrom^2, shape (n, 3, 3)."""
    lengths = np.sqrt(np.diagonal(metrics, axis1=1, axis2=2))
    cosines = metrics / (lengths[:, :, None] * lengths[:, None, :])
    angles = np.degrees(np.arccos(np.clip(cosines[:, (1, 0, 0), (2, 2, 1)], -1.0, 1.0)))
    return np.hstack([lengths, angles])
