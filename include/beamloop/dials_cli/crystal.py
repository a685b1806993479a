"""The crystal that an `.expt` file describes.

Frames: the A matrix is in DIALS's laboratory frame with the goniometer at its datum, 1/angstrom, A = U B.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from beamloop.records.sample import UnitCell

Matrix = NDArray[np.float64]
STEP = 1e-6  # of the largest element of B: differences then keep six digits


@dataclass(frozen=True, slots=True)
class CrystalSummary:
    """A crystal's cell, symmetry and orientation."""

    cell: UnitCell
    cell_su: tuple[float, ...] | None  # six standard uncertainties, angstrom and deg; None before refinement
    space_group: str  # "P 21 21 21", "H 3"; the Hall symbol where the setting has no short name
    hall_symbol: str  # "P 2ac 2ab"
    a_matrix: tuple[float, ...]  # 9 elements, row by row, 1/angstrom: the columns are a*, b*, c*


def summarise_crystal(crystal: Mapping[str, Any]) -> CrystalSummary:
    """Read the scan-static model of an entry of "crystal" in an `.expt` file."""
    rows = np.array([crystal[f"real_space_{axis}"] for axis in "abc"], dtype=float)
    hall = crystal["space_group_hall_symbol"].strip()
    # DIALS's B is the inverse of the cell's axes as rows, with a along x and b in the x, y plane.
    b_matrix = np.linalg.inv(np.linalg.cholesky(rows @ rows.T))
    covariance = crystal.get("B_covariance")
    return CrystalSummary(
        cell=UnitCell(*map(float, _cells(b_matrix))),
        cell_su=tuple(_cell_su(b_matrix, np.reshape(covariance, (9, 9)))) if covariance else None,
        space_group=space_group_symbol(hall),
        hall_symbol=hall,
        a_matrix=tuple(float(value) for value in np.linalg.inv(rows).ravel()),
    )


def space_group_symbol(hall: str) -> str:
    """Return the Hermann-Mauguin symbol for a Hall symbol, "H 3" for "R 3" on hexagonal axes."""
    found = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(hall))
    if found is None:
        return hall
    return found.hm.replace("R", "H", 1) if found.ext == "H" else str(found.hm)


def _cells(b_matrices: Matrix) -> Matrix:
    """Return a, b, c (angstrom), alpha, beta, gamma (deg), shape (..., 6), of B matrices.

    Parameters
    ----------
    b_matrices
        Shape (..., 3, 3), 1/angstrom.
    """
    axes = np.linalg.inv(b_matrices)
    metric = axes @ axes.swapaxes(-1, -2)
    lengths = np.sqrt(np.diagonal(metric, axis1=-2, axis2=-1))
    one, other = (1, 0, 0), (2, 2, 1)  # alpha is the angle of b and c
    angles = np.degrees(np.arccos(metric[..., one, other] / (lengths[..., one] * lengths[..., other])))
    return np.concatenate((lengths, angles), axis=-1)


def _cell_su(b_matrix: Matrix, covariance: Matrix) -> list[float]:
    """Carry the covariance of B's nine elements, row by row, shape (9, 9), over to the cell.

    First order: C_cell = J C_B J^T, with J by central differences.
    Source: Waterman et al. (2016) Acta Cryst. D72, 558-575, section 2.7.
    """
    step = STEP * float(np.abs(b_matrix).max())
    # One element of B shifted in each of nine matrices.
    shifts = step * np.eye(9).reshape(9, 3, 3)
    jacobian = (_cells(b_matrix + shifts) - _cells(b_matrix - shifts)).T / (2 * step)
    variances = np.diag(jacobian @ covariance @ jacobian.T)
    return [float(value) for value in np.sqrt(np.maximum(variances, 0.0))]
