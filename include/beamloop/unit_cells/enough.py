"""How many reflections a cell has to be refined against before it says anything.

dials.refine asks for five reflections that each parameter acts on (auto_reduction.min_nref_per_parameter),
and a crystal's parameters act on all of its reflections: five would do for all of them. Such a cell is
chance.
"""

import numpy as np

from beamloop.unit_cells.symmetry import symmetry_of

PER_PARAMETER = 5
ORIENTATION_PARAMETERS = 3


def fewest_reflections(space_group: str) -> int:
    """Return five for each parameter of orientation and cell that the symmetry leaves free.

    Parameters
    ----------
    space_group
        Hermann-Mauguin or Hall symbol in whatever setting, e.g. "H 3", "P 2ac 2ab" or
        "I 2 2 3 (y+z,x+z,x+y)"; empty: triclinic.

    Raises
    ------
    InvalidInputError
        When there is no such group.
    """
    return PER_PARAMETER * parameter_count(space_group)


def parameter_count(space_group: str) -> int:
    """Return the number of parameters of orientation and cell: 9 for triclinic, 4 for cubic crystals.

    Parameters
    ----------
    space_group
        As for :func:`fewest_reflections`.

    Raises
    ------
    InvalidInputError
        When there is no such group.

    Notes
    -----
    The metric tensors that a group of rotations R leaves alone make a space of so many dimensions: the mean
    of (tr(R)^2 + tr(R^2)) / 2, the character of symmetric tensors of rank two. The identity has 6.
    """
    rotations = symmetry_of(space_group).rotations.matrices
    characters = [6, *((np.trace(r) ** 2 + np.trace(r @ r)) / 2 for r in rotations)]
    return ORIENTATION_PARAMETERS + round(float(np.mean(characters)))
