"""Cells that do not belong to the others, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from beamloop.unit_cells.cell_arrays import FACES, Floats, as_cells, as_printed, face_diagonals
from beamloop.unit_cells.groups import suggest_groups
from beamloop.unit_cells.relations import relation_of
from beamloop.unit_cells.tree import cluster_cells
from beamloop.unit_cells.variation import linear_cell_variation

# Source of the figures: shared/isomorphism.md, measured on the reference sets.
ROBUST_Z_LIMIT = 5.0
SMALLEST_DEVIATION = 0.001  # of the median diagonal: crystals that agree better are not told apart
MAD_TO_SIGMA = 1.4826  # a normal distribution's standard deviation over its median absolute deviation
DIFFERENCES_SHOW_PERCENT = 1.5  # LCV above which merged data suffer
NAMED_AT_MOST = 5  # partners that a sentence names

REMEDIES = {
    "doubled_axis": "likely misindexed; index again with the median cell",
    "halved_axis": "likely misindexed; index again with the median cell",
    "related_axis": "likely misindexed; index again with the median cell",
    "other_setting": "reindex it to the others' setting",
}


@dataclass(frozen=True, slots=True)
class CellOutlier:
    """A cell that a person should look at."""

    serial: int  # 7: from 1, in the order of the cells
    robust_z: float  # 554.8: of the face that is furthest off
    face: str  # "ac": that face; "ab", "ac" or "bc"
    reason: str  # "doubled_axis", "halved_axis", "related_axis", "other_setting", "other_form"
    sentence: (
        str  # "c is 2.00 times the others' c (...): likely misindexed; index again with the median cell."
    )


def robust_z(cells: ArrayLike) -> Floats:
    """Return how far the face diagonals are from their medians, in robust standard deviations, shape (n, 3).

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees, in one setting;
        rounded as in the tree.

    Raises
    ------
    InvalidInputError
        When there are none, or one of them is no cell.
    """
    diagonals = face_diagonals(as_printed(as_cells(cells)))
    middle = np.median(diagonals, axis=0)
    distance = np.abs(diagonals - middle)
    deviation = MAD_TO_SIGMA * np.median(distance, axis=0)
    return np.asarray(distance / np.maximum(deviation, SMALLEST_DEVIATION * middle))


def find_outliers(cells: ArrayLike) -> tuple[CellOutlier, ...]:
    """Return the cells with a robust z above 5, in the order of their serial numbers.

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees, in one setting.

    Raises
    ------
    InvalidInputError
        When there are none, or one of them is no cell.
    """
    values = as_cells(cells)
    z = robust_z(values)
    far = z.max(axis=1) > ROBUST_Z_LIMIT
    if not far.any():
        return ()
    median = np.median(values[~far] if not far.all() else values, axis=0)
    reasons = _reasons(values, np.flatnonzero(far).tolist(), median)
    return tuple(
        CellOutlier(row + 1, float(z[row].max()), FACES[int(z[row].argmax())], reason, sentence)
        for row, (reason, sentence) in sorted(reasons.items())
    )


def _reasons(cells: Floats, rows: Sequence[int], median: Floats) -> Mapping[int, tuple[str, str]]:
    """Return reason and sentence for each row."""
    reasons = {}
    unrelated = []
    for row in rows:
        relation = relation_of(cells[row], median)
        if relation is None:
            unrelated.append(row)
        else:
            reasons[row] = (relation.reason, f"{relation.words}: {REMEDIES[relation.reason]}.")
    for group in _forms(cells, unrelated):
        for row in group:
            reasons[row] = ("other_form", _form_sentence(cells, row, group, median))
    return reasons


def _forms(cells: Floats, rows: Sequence[int]) -> list[list[int]]:
    """Return the rows by crystal form: cells that agree with each other as members of a group do."""
    if not rows:
        return []
    own = cells[rows]
    return [[rows[serial - 1] for serial in group] for group in suggest_groups(cluster_cells(own), own)]


def _form_sentence(cells: Floats, row: int, group: Sequence[int], median: Floats) -> str:
    changes = 100 * (cells[row, :3] / median[:3] - 1)
    axis = int(np.abs(changes).argmax())
    off = f"{'abc'[axis]} is {abs(changes[axis]):.1f} % {'longer' if changes[axis] > 0 else 'shorter'}"
    if np.abs(changes).max() < 100 * SMALLEST_DEVIATION:  # the angles then
        angle = int(np.abs(cells[row, 3:] - median[3:]).argmax())
        name = ("alpha", "beta", "gamma")[angle]
        off = f"{name} is {cells[row, 3 + angle]:.2f} instead of {median[3 + angle]:.2f} degrees"
    partners = [str(other + 1) for other in group if other != row]
    if linear_cell_variation(np.stack([cells[row], median])).lcv_percent <= DIFFERENCES_SHOW_PERCENT:
        return f"{off}: more than the others' scatter, yet perhaps close enough to merge."
    if not partners:
        return f"{off}, and no simple relation explains it: another crystal form, or a wrong lattice."
    named = ", ".join(partners[:NAMED_AT_MOST])
    more = f" and {len(partners) - NAMED_AT_MOST} more" if len(partners) > NAMED_AT_MOST else ""
    return f"{off}, as in {named}{more}: another crystal form, a group of its own."
