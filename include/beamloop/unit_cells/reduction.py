"""Reduced cells: Niggli's, and figures of a lattice that no choice of axes changes."""

import gemmi
import numpy as np

from beamloop.unit_cells.cell_arrays import Floats, cells_of_metrics
from beamloop.unit_cells.symmetry import Integers


def niggli_bases(metrics: Floats) -> Integers:
    """Return the axes of Niggli cells in terms of primitive axes, shape (n, 3, 3), rows.

    Parameters
    ----------
    metrics
        Metric tensors of primitive axes, angstrom^2, shape (n, 3, 3).
    """
    return np.array([_niggli_basis(cell) for cell in cells_of_metrics(metrics)])


def _niggli_basis(cell: Floats) -> Integers:
    vector = gemmi.GruberVector(gemmi.UnitCell(*cell), "P", track_change_of_basis=True)
    vector.niggli_reduce()
    # gemmi's operation is of coordinates, x = P^T x'.
    axes = np.array(vector.change_of_basis.rot, dtype=np.int64).T // gemmi.Op.DEN
    return axes * round(float(np.linalg.det(axes)))  # a change of hand would make another crystal


def seven_lengths(metrics: Floats) -> Floats:
    """Return figures of Niggli cells that change steadily with the lattice, angstrom, shape (n, 7).

    Three lengths, three inverse reciprocal lengths, the cube root of the volume: unlike angles, none of them
    jumps where the choice of axes does.
    Source: L. C. Andrews, H. J. Bernstein, G. A. Pelletier, Acta Cryst. A36 (1980) 248-252.
    """
    lengths = np.sqrt(np.diagonal(metrics, axis1=1, axis2=2))
    reciprocal = np.sqrt(np.diagonal(np.linalg.inv(metrics), axis1=1, axis2=2))
    edge = np.linalg.det(metrics) ** (1 / 6)
    return np.hstack([lengths, np.sort(1 / reciprocal, axis=1), edge[:, None]])
