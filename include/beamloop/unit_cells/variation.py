"""The linear cell variation of a cluster: how far its most different cells are apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beamloop.unit_cells.cell_arrays import Floats, as_cells, as_printed, face_diagonals


@dataclass(frozen=True, slots=True)
class LinearCellVariation:
    """LCV, aLCV and the two cells that make them."""

    lcv_percent: float  # 0.61
    alcv_angstrom: float  # 1.02
    furthest: tuple[int, int]  # (25, 34): serial numbers; (7, 7) where all diagonals are alike


@dataclass(frozen=True, slots=True)
class DiagonalRange:
    """The extremes of the three face diagonals in a cluster, and whose they are.

    Of several cells with the same extreme the one with the lowest serial number counts, as in BLEND.
    """

    least_angstrom: Floats  # (3,): the smallest diagonal of the faces ab, ac, bc
    greatest_angstrom: Floats  # (3,)
    least_serial: NDArray[np.int64]  # (3,): serial number of the cell that has it
    greatest_serial: NDArray[np.int64]  # (3,)

    def joined(self, other: "DiagonalRange") -> "DiagonalRange":
        """Return the range of two clusters together."""
        least = (other.least_angstrom < self.least_angstrom) | (
            (other.least_angstrom == self.least_angstrom) & (other.least_serial < self.least_serial)
        )
        greatest = (other.greatest_angstrom > self.greatest_angstrom) | (
            (other.greatest_angstrom == self.greatest_angstrom)
            & (other.greatest_serial < self.greatest_serial)
        )
        return DiagonalRange(
            np.where(least, other.least_angstrom, self.least_angstrom),
            np.where(greatest, other.greatest_angstrom, self.greatest_angstrom),
            np.where(least, other.least_serial, self.least_serial),
            np.where(greatest, other.greatest_serial, self.greatest_serial),
        )

    def variation(self) -> LinearCellVariation:
        """Return LCV and aLCV of the face whose diagonal varies most in angstrom.

        Source: shared/isomorphism.md; LCV is the percentage of that same face, not always the largest.
        """
        spread = self.greatest_angstrom - self.least_angstrom
        face = int(np.argmax(spread))
        pair = sorted((int(self.least_serial[face]), int(self.greatest_serial[face])))
        return LinearCellVariation(
            lcv_percent=float(100 * spread[face] / self.least_angstrom[face]),
            alcv_angstrom=float(spread[face]),
            furthest=(pair[0], pair[1]),
        )


def linear_cell_variation(cells: ArrayLike) -> LinearCellVariation:
    """Return LCV and aLCV of cells taken as one cluster.

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees; rounded as BLEND reads them.

    Raises
    ------
    InvalidInputError
        When there are none, or one of them is no cell.
    """
    diagonals = face_diagonals(as_printed(as_cells(cells)))
    least, greatest = diagonals.argmin(axis=0), diagonals.argmax(axis=0)
    faces = np.arange(3)
    return DiagonalRange(
        diagonals[least, faces], diagonals[greatest, faces], least + 1, greatest + 1
    ).variation()
