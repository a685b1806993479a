"""How many reflections a crystal needs to be refined with others.

dials.refine asks for five reflections that each parameter acts on (auto_reduction.min_nref_per_parameter),
and a crystal's parameters act on all of its reflections: five would do for all of them. Such a cell is chance
and spoils the spread of the group's.
"""

import gemmi
import numpy as np

PER_PARAMETER = 5
ORIENTATION_PARAMETERS = 3


def fewest_reflections(hall_symbol: str) -> int:
    """Return five for each parameter of orientation and cell that the symmetry leaves free.

    Parameters
    ----------
    hall_symbol
        In whatever setting, e.g. "P 2ac 2ab" or "I 2 2 3 (y+z,x+z,x+y)".
    """
    return PER_PARAMETER * (ORIENTATION_PARAMETERS + free_cell_parameters(hall_symbol))


def free_cell_parameters(hall_symbol: str) -> int:
    """Return how many of the six cell parameters are free: 6 for triclinic, 1 for cubic lattices.

    Notes
    -----
    The metric tensors that a group of rotations R leaves alone make a space of so many dimensions: the mean
    of (tr(R)^2 + tr(R^2)) / 2, the character of symmetric tensors of rank two.
    """
    rotations = [
        np.array(operation.rot) / operation.DEN for operation in gemmi.symops_from_hall(hall_symbol).sym_ops
    ]
    characters = [(np.trace(r) ** 2 + np.trace(r @ r)) / 2 for r in rotations]
    return round(float(np.mean(characters)))
