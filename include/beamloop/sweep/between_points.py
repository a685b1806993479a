"""Spots between the points of a lattice, on a finer one: a cell that is too small."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from beamloop.sweep.acceptance import (
    CHANCE_OF_A_CLOSE_SPOT,
    CLOSE_TOLERANCE,
    HIGHEST_CHANCE,
    LOWEST_FRACTION,
    chance_of,
)
from beamloop.unit_cells.sublattices import sublattice_bases

Floats = NDArray[np.float64]

# Cells two and three times as large: 7 and 13 of them. Their points between those of the lattice are a third
# of an index or more away from them.
INDICES = (2, 3)
# A crystal split by a degree leaves streaks between the points: as many spots beside a place as at it.
BESIDE = 2 * CLOSE_TOLERANCE
TIMES_BESIDE = 4


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between the points of a lattice."""

    axes: Floats  # (3, 3): of the larger cell in terms of the primitive axes, rows
    index: int  # 2: how many times larger it is
    count: int  # 34: spots at the points that it adds
    off_count: int  # 54: all spots that the lattice does not predict closely


def find_between(indices: Floats) -> Between | None:
    """Look for a larger cell among the spots that a lattice does not predict closely.

    Parameters
    ----------
    indices
        Where all spots lie, in terms of primitive axes, shape (n, 3).

    Returns
    -------
    Between or None
        The least likely by chance, where the chance of 20 such cells is small enough, where it explains a
        quarter of the spots, and where they are a cluster and no streak.

    Notes
    -----
    A cell's real axes are S times the lattice's; its indices are h' = S h.
    """
    off = indices[np.linalg.norm(indices - np.round(indices), axis=1) >= CLOSE_TOLERANCE]
    bases = [(index, basis) for index in INDICES for basis in sublattice_bases(index)]
    found = [Between(basis, index, _count(off, basis), len(off)) for index, basis in bases]
    likeliest = min(found, key=_chance)
    if len(bases) * _chance(likeliest) > HIGHEST_CHANCE or likeliest.count < LOWEST_FRACTION * len(off):
        return None
    beside = max(_count(off - shift, likeliest.axes) for shift in _shifts())
    return likeliest if likeliest.count >= TIMES_BESIDE * beside else None


def _chance(between: Between) -> float:
    """Bound the chance that so many random spots, all away from the lattice, lie at the added points."""
    places = between.index - 1
    of_a_spot = places * CHANCE_OF_A_CLOSE_SPOT / (1 - CHANCE_OF_A_CLOSE_SPOT)
    return chance_of(between.count, between.off_count, of_a_spot, spent=0)


def _count(off: Floats, basis: Floats) -> int:
    """Count spots within CLOSE_TOLERANCE of a larger cell's points, but not of the lattice's own."""
    nearest = np.round(off @ basis.T) @ np.linalg.inv(basis).T
    is_close = np.linalg.norm(off - nearest, axis=1) < CLOSE_TOLERANCE
    is_added = np.linalg.norm(nearest - np.round(nearest), axis=1) > CLOSE_TOLERANCE
    return int((is_close & is_added).sum())


def _shifts() -> Iterator[Floats]:
    """Give the 26 ways to the side, BESIDE long."""
    for steps in product((-1.0, 0.0, 1.0), repeat=3):
        if any(steps):
            yield BESIDE * np.array(steps) / np.linalg.norm(steps)
