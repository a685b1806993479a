"""Where the leaves and merges of a tree are drawn."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import leaves_list

from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.tree import ClusterTree


@dataclass(frozen=True, slots=True)
class TreeLayout:
    """Places along the leaves, counted from 0, and heights; indices are scipy's: leaves, then merges."""

    order: tuple[int, ...]  # (3, 0, 1, 2): leaf, counted from 0, at each place; no two branches cross
    places: Floats  # (2 n - 1,): of leaves and merges; a merge is midway between its two parts
    heights: Floats  # (2 n - 1,): Ward distance; 0 for leaves


def lay_out(tree: ClusterTree) -> TreeLayout:
    """Return where to draw a tree of at least two cells."""
    count = tree.cell_count
    order = leaves_list(tree.linkage)
    places = np.zeros(2 * count - 1)
    places[order] = np.arange(count)
    heights = np.zeros(2 * count - 1)
    for row, (first, second, height, _) in enumerate(tree.linkage):
        places[count + row] = (places[int(first)] + places[int(second)]) / 2
        heights[count + row] = height
    return TreeLayout(tuple(int(leaf) for leaf in order), places, heights)
