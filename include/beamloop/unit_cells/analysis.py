"""The whole of what is said of some cells: setting, two trees, outliers, groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from beamloop.unit_cells.cell_arrays import Floats, as_cells
from beamloop.unit_cells.groups import LIMIT_PERCENT, suggest_groups
from beamloop.unit_cells.outliers import CellOutlier, find_outliers
from beamloop.unit_cells.setting import CommonSetting, to_common_setting
from beamloop.unit_cells.tree import ClusterTree, check_count, cluster_cells
from beamloop.unit_cells.variation import LinearCellVariation, linear_cell_variation


@dataclass(frozen=True, slots=True)
class CellAnalysis:
    """What is said of n cells; all serial numbers count from 1 in their order."""

    given: Floats  # (n, 6): as they came
    setting: CommonSetting  # the cells that trees, outliers and groups are about
    limit_percent: float  # 1.0: LCV of a group
    variation: LinearCellVariation  # of all cells
    tree: ClusterTree  # of all cells
    outliers: tuple[CellOutlier, ...]
    inliers: tuple[int, ...]  # (1, 2, 3): serial numbers
    inlier_tree: ClusterTree  # with the serial numbers of `tree`; its linkage counts inliers from 0
    groups: tuple[tuple[int, ...], ...]  # of the inliers, the largest first, then other crystal forms


def analyse_cells(
    cells: ArrayLike,
    space_groups: Sequence[str],
    *,
    limit_percent: float = LIMIT_PERCENT,
    raw_setting: bool = False,
) -> CellAnalysis:
    """Bring cells to one setting, cluster them, name outliers, suggest groups.

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees.
    space_groups
        One a cell, empty where it is not known.
    limit_percent
        LCV of a group.
    raw_setting
        Take the cells as they are, as BLEND does.

    Raises
    ------
    InvalidInputError
        When there are no cells, too many, one of them is none, or there is no such space group.
    """
    given = as_cells(cells)
    check_count(len(given))  # before the minutes that a common setting of so many takes
    setting = as_given(given) if raw_setting else to_common_setting(given, space_groups)
    outliers = find_outliers(setting.cells)
    odd = {outlier.serial for outlier in outliers}
    inliers = tuple(serial for serial in range(1, len(given) + 1) if serial not in odd)
    inlier_tree, groups = cluster_some(setting.cells, inliers, limit_percent)
    forms = tuple(outlier.serial for outlier in outliers if outlier.reason == "other_form")
    return CellAnalysis(
        given=given,
        setting=setting,
        limit_percent=limit_percent,
        variation=linear_cell_variation(setting.cells),
        tree=cluster_cells(setting.cells) if odd else inlier_tree,
        outliers=outliers,
        inliers=inliers,
        inlier_tree=inlier_tree,
        groups=groups + cluster_some(setting.cells, forms, limit_percent)[1],
    )


def as_given(cells: Floats) -> CommonSetting:
    """Return cells, shape (n, 6), as a setting that changes nothing."""
    count = len(cells)
    return CommonSetting(cells, ("a,b,c",) * count, "as given", ("as given",) * count, (True,) * count)


def cluster_some(
    cells: Floats, serials: Sequence[int], limit_percent: float
) -> tuple[ClusterTree, tuple[tuple[int, ...], ...]]:
    """Return tree and groups of some of the cells, shape (n, 6), with their serial numbers among all."""
    if not serials:
        return ClusterTree((), 0, 0, False, np.empty((0, 4))), ()
    some = cells[np.array(serials) - 1]
    tree = cluster_cells(some)
    groups = suggest_groups(tree, some, limit_percent)
    nodes = tuple(
        replace(
            node,
            members=_renumbered(node.members, serials),
            furthest=(serials[node.furthest[0] - 1], serials[node.furthest[1] - 1]),
        )
        for node in tree.nodes
    )
    return replace(tree, nodes=nodes), tuple(_renumbered(group, serials) for group in groups)


def _renumbered(members: Sequence[int], serials: Sequence[int]) -> tuple[int, ...]:
    return tuple(serials[member - 1] for member in members)
