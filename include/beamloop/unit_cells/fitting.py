"""Base changes that bring reduced cells nearest to a reference, as far as symmetry allows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beamloop.unit_cells.base_changes import (
    Allowed,
    Booleans,
    allowed_changes,
    base_changes,
    changed_by,
    changed_products,
    deviations,
    six_products,
    where_lengths_fit,
)
from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.lattices import Lattices
from beamloop.unit_cells.symmetry import Integers, Rotations

# Deviations are relative squared lengths, or cosines: 5 % in length, 6 degrees at a right angle. Crystals of
# one form differ by 2 or 3 %, permuted axes and other forms mostly by more.
ALIKE = 0.1
# What a change of basis that breaks the stated symmetry must gain over one that keeps it: 1.5 % in length.
# Less is the pseudo-symmetry of a cell that is right; more says that the symmetry was put on the wrong axes.
WORTH_BREAKING = 0.03
# Sums of squares that differ less are equal: 0.03 % in one length. Then the simplest change is taken.
TIE = 3e-7
# Without symmetry, another lattice is shown in the same axes when so many of its six figures are alike: a
# doubled axis leaves five or, where it is oblique, four.
ALIKE_COUNT = 4
CELLS_AT_ONCE = 256  # an array of 256 x 3480 numbers has 7 MB


@dataclass(frozen=True, slots=True)
class Fit:
    """The base changes that bring cells nearest to a reference."""

    changes: Integers  # (n,): indices of base_changes()
    worst: Floats  # (n,): largest deviation, see `deviations`
    cost: Floats  # (n,): sum of the squares of all six
    symmetry_kept: Booleans  # (n,): rotations and screws, or as much of them as both cells have


def fit_to(
    reference: Floats,
    allowed: Sequence[Allowed],
    lattices: Lattices,
    rows: Integers,
    conventional: Floats | None = None,
    tie: float = TIE,
) -> Fit:
    """Find the base changes that bring reduced cells nearest to a reference.

    Parameters
    ----------
    reference
        Six products of the reference's axes, angstrom^2, shape (6,).
    allowed
        Which changes keep the symmetry, for each kind of the lattices.
    lattices
        Where the cells are.
    rows
        Which of them.
    conventional
        Conventional axes in terms of the reference's, shape (3, 3): of equal changes the one is taken that
        leaves the given axes as they are, if there is one. None: the simplest.
    tie
        Sums of squares that differ by less are equal.
    """
    if conventional is None:
        effort = np.arange(len(base_changes()), dtype=np.float64)[None].repeat(len(allowed), axis=0)
    else:
        effort = effort_of_changes(lattices.kind_axes, conventional)
    chunks = np.array_split(rows, -(-len(rows) // CELLS_AT_ONCE))
    parts = [_fit_some(reference, allowed, lattices, chunk, effort, tie) for chunk in chunks]
    return Fit(
        np.concatenate([part.changes for part in parts]),
        np.concatenate([part.worst for part in parts]),
        np.concatenate([part.cost for part in parts]),
        np.concatenate([part.symmetry_kept for part in parts]),
    )


def align(
    reference: Floats, rotations: Rotations, metric: Floats, its_rotations: Rotations, effort: Floats
) -> Integers | None:
    """Find the axes in which another lattice of the same symmetry is most like a reference.

    Parameters
    ----------
    reference
        Six products of the reference's axes, angstrom^2, shape (6,).
    rotations
        The reference's, in its basis.
    metric, its_rotations
        Of the other lattice: scalar products of its axes, angstrom^2, shape (3, 3).
    effort
        What decides between equal changes, shape (3480,).

    Returns
    -------
    array or None
        The new axes in terms of its axes, shape (3, 3); None where nothing says what belongs together.
    """
    allowed = allowed_changes(its_rotations, rotations).all_kept
    if not allowed.any():
        return None
    differences = np.abs(deviations(changed_products(six_products(metric[None])), reference))
    # One axis that is twice as long must not make the others change places: no deviation counts beyond ALIKE.
    cost = (np.minimum(differences, ALIKE) ** 2).sum(axis=2)
    pick = _cheapest(np.where(allowed, cost, np.inf), effort[None], TIE)[0]
    if not len(rotations.matrices) and np.count_nonzero(differences[0, pick] < ALIKE) < ALIKE_COUNT:
        return None
    return np.asarray(base_changes()[pick])


def effort_of_changes(axes: Floats, conventional: Floats) -> Floats:
    """Return how far from the given axes each base change leads, shape (n, 3480); 0: it leaves them.

    Parameters
    ----------
    axes
        Reduced axes in terms of the given ones, shape (n, 3, 3).
    conventional
        Conventional axes in terms of the changed reduced ones, shape (3, 3).
    """
    total = np.einsum("ij,kjl,nlm->nkim", conventional, base_changes(), axes, optimize=True)
    return np.asarray(np.abs(total - np.eye(3)).sum(axis=(2, 3)).round(6))


def _fit_some(
    reference: Floats,
    allowed: Sequence[Allowed],
    lattices: Lattices,
    rows: Integers,
    effort: Floats,
    tie: float,
) -> Fit:
    products, kinds = six_products(lattices.metrics[rows]), lattices.kinds[rows]
    cells, changes = np.nonzero(where_lengths_fit(products, reference, ALIKE))
    differences = np.abs(deviations(changed_by(products[cells], changes), reference))
    worst = np.full((len(rows), len(base_changes())), np.inf)
    cost = worst.copy()
    worst[cells, changes] = differences.max(axis=1)
    cost[cells, changes] = (differences**2).sum(axis=1)
    all_kept = np.array([kind.all_kept for kind in allowed])[kinds]
    partly_kept = np.array([kind.partly_kept for kind in allowed])[kinds]
    at = np.arange(len(rows))
    best = _cheapest(cost, effort[kinds], tie)
    good_enough = worst[at, best] + WORTH_BREAKING
    for level in (partly_kept, all_kept):
        pick = _cheapest(np.where(level, cost, np.inf), effort[kinds], tie)
        best = np.where(level[at, pick] & (worst[at, pick] <= good_enough), pick, best)
    return Fit(best, worst[at, best], cost[at, best], partly_kept[at, best])


def _cheapest(cost: Floats, effort: Floats, tie: float) -> Integers:
    """Return for each row the column of least cost; of equal ones that of least effort."""
    tied = cost <= cost.min(axis=1, keepdims=True) + tie
    return np.asarray(np.where(tied, effort, np.inf).argmin(axis=1))
