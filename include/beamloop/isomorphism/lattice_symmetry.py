"""How far a cell is from what its space group demands of it, and which type of group a symbol means."""

import gemmi
import numpy as np

from beamloop.unit_cells.cell_arrays import as_cells, cells_of_metrics, metric_tensors
from beamloop.unit_cells.symmetry import symmetry_of


def symmetry_misfit(cell: tuple[float, ...], space_group: str) -> tuple[float, float]:
    """Return how much a cell changes when its space group's rotations are averaged over it.

    A rotation R of the group, in fractional coordinates, keeps the metric tensor G of a lattice that has
    this symmetry: R^T G R = G. The mean of R^T G R over the group is a tensor that has it. Done on primitive
    axes, so that a centred group may come with either kind.

    Parameters
    ----------
    cell
        a, b, c in angstrom, alpha, beta, gamma in degrees.
    space_group
        Hermann-Mauguin symbol, or the Hall symbol of a setting that has none: "H 3",
        "I 2 2 3 (y+z,x+z,x+y)".

    Returns
    -------
    tuple of float
        The largest change of a length of the primitive cell in percent of it, of an angle in degrees.

    Raises
    ------
    InvalidInputError
        When the six numbers are no cell, or there is no such group.
    """
    symmetry = symmetry_of(space_group)
    metric = symmetry.primitive @ metric_tensors(as_cells([cell]))[0] @ symmetry.primitive.T
    rotations = symmetry.rotations.matrices.astype(np.float64)
    moved = np.einsum("nji,jk,nkl->nil", rotations, metric, rotations)
    mean = (metric + moved.sum(axis=0)) / (1 + len(rotations))
    before, after = cells_of_metrics(np.stack([metric, mean]))
    change = np.abs(after - before)
    return float((100 * change[:3] / before[:3]).max()), float(change[3:].max())


def space_group_type(symbol: str) -> str:
    """Return the symbol of a group's type in its usual setting: "C 2" for "I 2", "H 3" for "R 3:R".

    Parameters
    ----------
    symbol
        As for :func:`symmetry_misfit`; what is unknown is returned as it is.
    """
    hall = symbol.partition("(")[0].strip()
    found = gemmi.find_spacegroup_by_name(symbol.strip())
    if found is None:
        try:
            found = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(hall))
        except (RuntimeError, ValueError):
            return symbol
    if found is None:
        return symbol
    usual = gemmi.find_spacegroup_by_number(found.number)
    return str(usual.hm.replace("R", "H", 1) if usual.ext == "H" else usual.hm)
