"""Sublattices and superlattices of a lattice, and the centrings that make them."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import numpy as np

from beamloop.unit_cells.cell_arrays import Floats

Point = tuple[Fraction, Fraction, Fraction]

LARGEST_INDEX = 4  # of a sublattice: that of a face-centred cell in its primitive lattice


def _points(*sixths: tuple[int, int, int]) -> frozenset[Point]:
    return frozenset((Fraction(x, 6), Fraction(y, 6), Fraction(z, 6)) for x, y, z in sixths)


# R obverse, reverse, and with two axes at 60 degrees.
CENTRINGS = (
    ("I", _points((3, 3, 3))),
    ("A", _points((0, 3, 3))),
    ("B", _points((3, 0, 3))),
    ("C", _points((3, 3, 0))),
    ("F", _points((0, 3, 3), (3, 0, 3), (3, 3, 0))),
    ("R", _points((4, 2, 2), (2, 4, 4))),
    ("R", _points((2, 4, 2), (4, 2, 4))),
    ("R", _points((2, 2, 2), (4, 4, 4))),
    ("R", _points((2, 2, 4), (4, 4, 2))),
)


@cache
def related_lattices() -> list[Floats]:
    """Return bases of the lattice itself, its sublattices and its superlattices up to an index."""
    sublattices = [basis for index in range(1, LARGEST_INDEX + 1) for basis in sublattice_bases(index)]
    return sublattices + [np.asarray(np.linalg.inv(basis).T) for basis in sublattices[1:]]


def sublattice_bases(index: int) -> Iterator[Floats]:
    """Give one basis of each sublattice of an index, shape (3, 3), rows in terms of the lattice's axes."""
    for first in range(1, index + 1):
        for second in range(1, index // first + 1):
            if index % (first * second):
                continue
            third = index // (first * second)
            for x in range(second):
                for y in range(third):
                    for z in range(third):
                        yield np.array([[first, x, y], [0, second, z], [0, 0, third]], dtype=np.float64)


def extra_points(axes: Floats) -> set[Point]:
    """Return the vectors, other than 0, that whole multiples of some axes give modulo 1.

    Parameters
    ----------
    axes
        Of the finer lattice, shape (3, 3): an axis a row, in terms of the coarser one's.
    """
    steps = range(LARGEST_INDEX)
    found = set()
    for i in steps:
        for j in steps:
            for k in steps:
                x, y, z = (Fraction(float(v)).limit_denominator(12) % 1 for v in np.array([i, j, k]) @ axes)
                found.add((x, y, z))
    return found - {(Fraction(0), Fraction(0), Fraction(0))}


def centring_of(vectors: set[Point]) -> str:
    """Return the letter of a centring, or "" where the vectors make none."""
    return next((letter for letter, points in CENTRINGS if points == vectors), "")
