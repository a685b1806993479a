"""What is said of cells as plain values for JSON; docs/json.md describes the fields."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from beamloop.unit_cells.analysis import CellAnalysis
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.tree import ClusterTree

FORMAT = 1


def analysis_document(analysis: CellAnalysis, data_sets: Sequence[DataSet]) -> dict[str, Any]:
    """Return an analysis as plain values.

    Parameters
    ----------
    analysis
        Of the cells of these data sets.
    data_sets
        In the order of their serial numbers.
    """
    return {
        "format": FORMAT,
        "setting": analysis.setting.name,
        "limit_percent": analysis.limit_percent,
        "lcv_percent": analysis.variation.lcv_percent,
        "alcv_angstrom": analysis.variation.alcv_angstrom,
        "furthest": list(analysis.variation.furthest),
        **tree_document(analysis.tree),
        "inliers": {"serials": list(analysis.inliers), **tree_document(analysis.inlier_tree)},
        "groups": [list(group) for group in analysis.groups],
        "outliers": [asdict(outlier) for outlier in analysis.outliers],
        "operators": list(analysis.setting.operators),
        "data_sets": [
            {
                "serial": serial,
                "path": data_set.path or None,
                "place": data_set.place or None,
                "space_group": data_set.space_group or None,
                "given_cell": list(data_set.cell),
                "cell": [float(value) for value in analysis.setting.cells[serial - 1]],
                "setting": analysis.setting.settings[serial - 1],
                "operator": analysis.setting.operators[serial - 1],
                "symmetry_kept": analysis.setting.symmetry_kept[serial - 1],
            }
            for serial, data_set in enumerate(data_sets, start=1)
        ],
    }


def tree_document(tree: ClusterTree) -> dict[str, Any]:
    """Return a tree as plain values: `nodes` in merging order, `linkage` as scipy's."""
    return {
        "cell_count": tree.cell_count,
        "component_count": tree.component_count,
        "identical": tree.identical,
        "nodes": [
            {
                "number": node.number,
                "height": node.height,
                "lcv_percent": node.lcv_percent,
                "alcv_angstrom": node.alcv_angstrom,
                "furthest": list(node.furthest),
                "members": list(node.members),
            }
            for node in tree.nodes
        ],
        "linkage": tree.linkage.tolist(),
    }
