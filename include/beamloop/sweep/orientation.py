"""Find the orientation of a crystal whose cell is known, on a detector whose place is known.

Nine unknown numbers of an A matrix take many spots to prove, the three of a rotation a handful. Two spots
that fit two lattice points by their lengths and the angle between them give a rotation; the others judge it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from beamloop.sweep.acceptance import CHANCE_OF_A_CLOSE_SPOT, CLOSE_TOLERANCE, SPOTS_SPENT, chance_of

Floats = NDArray[np.float64]

# Spots far out have too many lattice points of their length: these reach to 4.3 A for 98 x 98 x 137 A, H 3.
LATTICE_POINTS = 20_000
# Of spots, those nearest to the beam first; where two of three are strays, 40 pairs are good.
MOST_PAIRS = 400
# So that it takes seconds on any sweep. Blanks with 60 strays take 200 000 trials.
MOST_TRIALS, MOST_SPOTS = 300_000, 150
# Vectors that are nearly parallel do not fix a rotation.
LEAST_SINE = 0.35
# The best rotations are turned a little until they fit best.
KEPT, TURNS = 30, 6


@dataclass(frozen=True, slots=True)
class Orientation:
    """The best rotation that was found."""

    rotation: Floats  # (3, 3): turns vectors of the lattice as it was given to where the spots are
    close_count: int  # 12: spots within CLOSE_TOLERANCE of an index
    spot_count: int  # 34, all, or MOST_SPOTS of them
    trials: int  # 1674 rotations were tried

    @property
    def chance(self) -> float:
        """Bound the chance that one of so many rotations does as well on random spots."""
        one = chance_of(self.close_count, self.spot_count, CHANCE_OF_A_CLOSE_SPOT, SPOTS_SPENT)
        return min(1.0, self.trials * one)


def find_orientation(vectors: Floats, basis: Floats) -> Orientation | None:
    """Find the rotation that gives the most spots an index.

    Parameters
    ----------
    vectors
        The spots' reciprocal lattice vectors, 1/angstrom, shape (n, 3).
    basis
        The reciprocal axes of a primitive cell in any orientation, columns, 1/angstrom, shape (3, 3).

    Returns
    -------
    Orientation or None
        None where no two spots fit two lattice points.
    """
    vectors = vectors[np.argsort(np.linalg.norm(vectors, axis=1))[:MOST_SPOTS]]
    kept: list[tuple[int, Floats]] = []
    trials = 0
    for rotations, counts in _candidates(vectors, basis):
        trials += len(rotations)
        best = np.argsort(-counts, kind="stable")[:KEPT]
        kept = sorted(kept + [(int(counts[k]), rotations[k]) for k in best], key=itemgetter(0), reverse=True)[
            :KEPT
        ]
        if trials > MOST_TRIALS:
            break
    if not kept:
        return None
    turned = [_fitted(rotation, vectors, basis) for _, rotation in kept]
    close = [int(_is_close(rotation[None], vectors, basis).sum()) for rotation in turned]
    place = int(np.argmax(close))
    return Orientation(turned[place], close[place], len(vectors), trials)


def _candidates(vectors: Floats, basis: Floats) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """Give rotations by pairs of spots, shape (m, 3, 3), and the number of spots that each gives an index."""
    points = _lattice_points(basis)
    lengths = np.linalg.norm(points, axis=1)
    # What CLOSE_TOLERANCE is for a cubic cell of this volume, 1/angstrom.
    reach = CLOSE_TOLERANCE * float(np.cbrt(abs(np.linalg.det(basis))))
    for first, second in _pairs(vectors, lengths[-1]):
        of_first, of_second = (points[np.abs(lengths - np.linalg.norm(v)) < reach] for v in (first, second))
        rotations = _rotations(first, second, of_first, of_second, reach)
        if len(rotations):
            yield rotations, _is_close(rotations, vectors, basis).sum(axis=1)


def _lattice_points(basis: Floats) -> Floats:
    """Return the lattice points nearest to the origin, 1/angstrom, shape (m, 3), by their length."""
    radius = float(np.cbrt(3 * LATTICE_POINTS * abs(np.linalg.det(basis)) / (4 * np.pi)))
    furthest = np.ceil(radius * np.linalg.norm(np.linalg.inv(basis), axis=1)).astype(int)
    steps = np.meshgrid(*(np.arange(-most, most + 1) for most in furthest), indexing="ij")
    points = np.stack(steps, axis=-1).reshape(-1, 3) @ basis.T
    lengths = np.linalg.norm(points, axis=1)
    order = np.argsort(lengths)
    return np.asarray(points[order[(lengths[order] < radius) & (lengths[order] > 0)]])


def _pairs(vectors: Floats, longest: float) -> list[tuple[Floats, Floats]]:
    """Return pairs of spots that fix a rotation, those nearest to the beam first."""
    inner = sorted((v for v in vectors if np.linalg.norm(v) < longest), key=np.linalg.norm)
    directions = [v / np.linalg.norm(v) for v in inner]
    places = sorted(combinations(range(len(inner)), 2), key=sum)
    fixing = (p for p in places if np.linalg.norm(np.cross(*(directions[k] for k in p))) > LEAST_SINE)
    return [(inner[i], inner[j]) for (i, j), _ in zip(fixing, range(MOST_PAIRS), strict=False)]


def _rotations(first: Floats, second: Floats, of_first: Floats, of_second: Floats, reach: float) -> Floats:
    """Return rotations, shape (m, 3, 3), of pairs of lattice points with the spots' angle onto the spots."""
    own = _angles(first[None], second[None])[0, 0]
    between = _angles(of_first, of_second)
    tolerance_rad = reach / np.linalg.norm(first) + reach / np.linalg.norm(second)
    i, j = np.nonzero(np.abs(between - own) < tolerance_rad)
    onto = _frames(first[None], second[None])
    return np.asarray(onto @ np.swapaxes(_frames(of_first[i], of_second[j]), 1, 2))


def _angles(first: Floats, second: Floats) -> Floats:
    """Return the angles between vectors, rad, shape (n, m)."""
    unit = [v / np.linalg.norm(v, axis=1)[:, None] for v in (first, second)]
    return np.asarray(np.arccos(np.clip(unit[0] @ unit[1].T, -1.0, 1.0)))


def _frames(first: Floats, second: Floats) -> Floats:
    """Return orthogonal axes between pairs of vectors, columns, shape (m, 3, 3): neither counts more."""
    unit = [v / np.linalg.norm(v, axis=1)[:, None] for v in (first, second)]
    middle, across = unit[0] + unit[1], unit[0] - unit[1]
    axes = [v / np.linalg.norm(v, axis=1)[:, None] for v in (middle, across)]
    return np.stack([*axes, np.cross(*axes)], axis=2)


def _is_close(rotations: Floats, vectors: Floats, basis: Floats) -> NDArray[np.bool_]:
    """Tell which spots lie near an index with each rotation, shape (m, n)."""
    indices = np.einsum("ab,mcb,nc->mna", np.linalg.inv(basis), rotations, vectors, optimize=True)
    return np.asarray(np.linalg.norm(indices - np.round(indices), axis=2) < CLOSE_TOLERANCE)


def _fitted(rotation: Floats, vectors: Floats, basis: Floats) -> Floats:
    """Turn a rotation until the spots with an index fit best.

    Source: W. Kabsch, Acta Cryst. A32 (1976) 922-923.
    """
    for _ in range(TURNS):
        close = _is_close(rotation[None], vectors, basis)[0]
        indices = np.round(vectors[close] @ rotation @ np.linalg.inv(basis).T)
        left, _, right = np.linalg.svd(vectors[close].T @ (indices @ basis.T))
        hand = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
        rotation = left @ hand @ right
    return rotation
