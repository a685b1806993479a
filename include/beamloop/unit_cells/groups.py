"""Groups that a limit of the linear cell variation cuts from a tree, and their identity over time."""

from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from beamloop.unit_cells.tree import ClusterTree

LIMIT_PERCENT = 1.0  # data sets are isomorphous enough to merge; source: shared/isomorphism.md


def suggest_groups(
    tree: ClusterTree, cells: ArrayLike, limit_percent: float = LIMIT_PERCENT
) -> tuple[tuple[int, ...], ...]:
    """Return the maximal clusters with an LCV at or under a limit, the largest first.

    Parameters
    ----------
    tree
        Of these cells.
    cells
        Shape (n, 6), as the tree was made from.
    limit_percent
        LCV in percent.

    Returns
    -------
    tuple
        Serial numbers, ascending; each cell is in exactly one group, alone where it fits to no other. Of
        groups of one size the one with the lowest serial number comes first.

    Raises
    ------
    ValueError
        When the tree is of another number of cells: there is one of all cells and one of the inliers.
    """
    count = len(np.asarray(cells))
    if count != tree.cell_count:
        raise ValueError(f"The tree is of {tree.cell_count} cells; {count} were given.")
    groups: list[tuple[int, ...]] = []
    waiting = [2 * count - 2]
    while waiting:
        place = waiting.pop()
        if place < count:
            groups.append((place + 1,))
            continue
        node = tree.nodes[place - count]
        if node.lcv_percent <= limit_percent:
            groups.append(node.members)
        else:
            waiting.extend(int(part) for part in tree.linkage[place - count, :2])
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def match_groups(
    previous: Sequence[AbstractSet[Hashable]], current: Sequence[AbstractSet[Hashable]]
) -> Mapping[int, int]:
    """Say which of today's groups goes on which of yesterday's: as many members as possible stay.

    Parameters
    ----------
    previous
        Disjoint sets of ids, in a fixed order.
    current
        Disjoint sets of ids, in a fixed order; the order counts only where overlaps are equal.

    Returns
    -------
    mapping
        Index in `current` -> index in `previous`. Groups without a common member are not matched: they are
        new, or gone.
    """
    if not previous or not current:
        return {}
    overlap = np.array([[len(old & new) for old in previous] for new in current], dtype=np.float64)
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if overlap[row, column]}
