"""BLEND's tree of unit cells: principal components, then Ward linkage on unsquared distances."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.cell_arrays import Floats, as_cells, as_printed, face_diagonals
from beamloop.unit_cells.variation import DiagonalRange

VARYING = 1e-6  # a parameter's standard deviation (angstrom or degrees) from which it takes part
EXPLAINED = 0.95  # share of the variance that the kept components exceed
EXPLAINED_DIGITS = 5  # R's summary() rounds the cumulated share so before BLEND compares it
# Distances of all pairs, twice: 2 x 8 bytes x n^2 / 2 are 3.2 GB.
LARGEST_CELL_COUNT = 20_000


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A merge of the tree."""

    number: int  # 38: from 1, in merging order
    height: float  # 6.187: Ward distance, no unit
    lcv_percent: float  # 0.61
    alcv_angstrom: float  # 1.02
    furthest: tuple[int, int]  # (25, 34): the two cells that make the LCV
    members: tuple[int, ...]  # (1, 2, 3): serial numbers, ascending


@dataclass(frozen=True, slots=True)
class ClusterTree:
    """The tree of n cells: n - 1 merges."""

    nodes: tuple[ClusterNode, ...]  # in merging order; empty for one cell
    cell_count: int  # 41
    component_count: int  # 2: principal components kept; 0 where nothing varies
    identical: bool  # True: several cells, and no parameter of theirs varies
    linkage: Floats  # (n - 1, 4), as scipy's


def cluster_cells(cells: ArrayLike) -> ClusterTree:
    """Return BLEND's tree.

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees, in the order of their serial
        numbers, all in one setting. Rounded to 3 and 2 decimals, as BLEND reads them.

    Raises
    ------
    InvalidInputError
        When there are no cells, too many, or one of them is none.

    Notes
    -----
    Ward linkage on unsquared distances is R's `ward.D`; scipy's `ward` is `ward.D2`. Both update squares of
    what they are given, so ward.D of d is the square of ward.D2 of sqrt(d).
    Source: shared/isomorphism.md; F. Murtagh, P. Legendre, J. Classification 31 (2014) 274-295.
    """
    rounded = as_printed(as_cells(cells))
    count = len(rounded)
    check_count(count)
    scores = _scores(rounded)
    merges = _ward_of_distances(scores) if count > 1 else np.empty((0, 4))
    return ClusterTree(
        nodes=tuple(_nodes(merges, face_diagonals(rounded))),
        cell_count=count,
        component_count=scores.shape[1],
        identical=count > 1 and scores.shape[1] == 0,
        linkage=merges,
    )


def check_count(count: int) -> None:
    """Refuse more cells than memory has room for.

    Raises
    ------
    InvalidInputError
        When there are more than LARGEST_CELL_COUNT.
    """
    if count > LARGEST_CELL_COUNT:
        raise InvalidInputError(
            f"A tree of {count} cells would need {8e-9 * count**2:.0f} GB of memory.",
            try_next=f"Cluster at most {LARGEST_CELL_COUNT} cells at once, such as one crystal form.",
        )


def _scores(cells: Floats) -> Floats:
    """Return principal components of the varying, standardised parameters, shape (n, components)."""
    if len(cells) == 1:
        return np.empty((1, 0))
    deviations = cells.std(axis=0, ddof=1)
    varying = deviations > VARYING
    if not varying.any():
        return np.empty((len(cells), 0))
    standardised = (cells[:, varying] - cells[:, varying].mean(axis=0)) / deviations[varying]
    left, singular, _ = np.linalg.svd(standardised, full_matrices=False)
    explained = np.cumsum(singular**2) / np.sum(singular**2)
    kept = int(np.argmax(explained.round(EXPLAINED_DIGITS) > EXPLAINED)) + 1
    return np.asarray(left[:, :kept] * singular[:kept])


def _ward_of_distances(scores: Floats) -> Floats:
    """Return the linkage, shape (n - 1, 4), by Ward's update of unsquared distances."""
    if scores.shape[1] == 0:
        scores = np.zeros((len(scores), 1))
    distances = pdist(scores)
    np.sqrt(distances, out=distances)  # in place: with 10 000 cells these are 400 MB
    merges = np.asarray(linkage(distances, "ward"), dtype=np.float64)
    merges[:, 2] **= 2
    return merges


def _nodes(merges: Floats, diagonals: Floats) -> Iterator[ClusterNode]:
    """Walk up the tree; what a cluster needs comes from its two parts, so that no merge looks at cells."""
    ranges = [
        DiagonalRange(row, row, serials, serials)
        for row, serials in zip(
            diagonals, np.arange(1, len(diagonals) + 1).repeat(3).reshape(-1, 3), strict=True
        )
    ]
    members: list[tuple[int, ...]] = [(serial,) for serial in range(1, len(diagonals) + 1)]
    for number, (first, second, height, _) in enumerate(merges, start=1):
        one, other = int(first), int(second)
        ranges.append(ranges[one].joined(ranges[other]))
        members.append(tuple(sorted(members[one] + members[other])))
        variation = ranges[-1].variation()
        yield ClusterNode(
            number=number,
            height=float(height),
            lcv_percent=variation.lcv_percent,
            alcv_angstrom=variation.alcv_angstrom,
            furthest=variation.furthest,
            members=members[-1],
        )
