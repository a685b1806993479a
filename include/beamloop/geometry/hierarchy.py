"""Which panels of a detector move together, level by level.

An `.expt` file holds a tree: groups whose children are groups or panels, each with a frame in that of its
parent. DIALS refines the nodes at one depth of it as rigid bodies: level 0 is the whole detector.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamloop.dials_cli.detector import Matrix
from beamloop.geometry.models import Document

Node = dict[str, Any]
IDENTITY: Node = {"fast_axis": [1.0, 0.0, 0.0], "slow_axis": [0.0, 1.0, 0.0], "origin": [0.0, 0.0, 0.0]}


@dataclass(frozen=True, slots=True)
class Part:
    """What a level moves as one body."""

    name: str  # "quadrant 2"
    panels: tuple[int, ...]  # (6, 7, 8): places of its panels in the file


def hierarchy_depth(document: Document) -> int:
    """Return the deepest level at which a detector's parts can be refined: 0 for one panel, 1 for modules.

    DIALS stops at a level that some branch does not have; :func:`tidied` makes all equally deep.
    """
    detector = document["detector"][0]
    if len(detector["panels"]) == 1 or "hierarchy" not in detector:
        return 0
    return min(_depths(detector["hierarchy"]))


def parts_at(document: Document, level: int) -> list[Part]:
    """Return the parts that a level refines, in DIALS's order.

    Parameters
    ----------
    document
        A geometry.
    level
        No deeper than its hierarchy.

    Returns
    -------
    list of Part
        Named as the file names them, else by number from 1: "group 2".
    """
    detector = document["detector"][0]
    if level == 0:
        return [Part("the whole detector", tuple(range(len(detector["panels"]))))]
    names = panel_names(document)
    nodes = list(_nodes_at(detector["hierarchy"], level))
    groups = [str(node.get("name", "")) for node in nodes if "panel" not in node]
    named = len(set(groups)) == len(groups) and all(groups)
    return [
        Part(names[node["panel"]], (node["panel"],))
        if "panel" in node
        else Part(node["name"] if named else f"group {number}", tuple(_leaves(node)))
        for number, node in enumerate(nodes, start=1)
    ]


def panel_names(document: Document) -> list[str]:
    """Return each panel's name, or its number from 0 where names are missing or the same."""
    names = [str(panel.get("name", "")) for panel in document["detector"][0]["panels"]]
    alike = len(set(names)) < len(names) or not all(names)
    return [f"panel {number}" for number in range(len(names))] if alike else names


def tidied(detector: Mapping[str, Any]) -> dict[str, Any]:
    """Return a detector whose levels each divide the one above, down to single panels; no panel moves.

    DIALS makes a group of every link of a NeXus file's chain of axes: rail, detector, quadrant, module. Those
    of one child are taken out, which would be refined twice. Where branches differ in depth, panels get
    groups of their own.

    Parameters
    ----------
    detector
        An entry of "detector" in an `.expt` file.

    Returns
    -------
    dict
        A new one; the same where there is nothing to tidy, or one panel only.
    """
    found = deepcopy(dict(detector))
    if "hierarchy" not in found or len(found["panels"]) == 1:
        return found
    found["hierarchy"] = _without_single_children(found["hierarchy"], found["panels"])
    depth = max(_depths(found["hierarchy"]))
    found["hierarchy"] = _deepened(found["hierarchy"], found["panels"], depth)
    return found


def _without_single_children(node: Node, panels: list[Node]) -> Node:
    """Take out groups of one child, whose frame is given to the child; a leaf's is that of its panel."""
    if "panel" in node:
        return node
    children = [_without_single_children(child, panels) for child in node["children"]]
    if len(children) > 1:
        return node | {"children": children}
    (child,) = children
    moved = panels[child["panel"]] if "panel" in child else child
    moved |= _composed(node, moved)
    return child


def _composed(outer: Node, inner: Node) -> Node:
    """Return the inner frame as it stands in the parent of the outer one."""
    axes = _axes(outer)
    origin = np.array(outer["origin"]) + axes @ inner["origin"]
    fast, slow = (axes @ inner[name] for name in ("fast_axis", "slow_axis"))
    return {"fast_axis": fast.tolist(), "slow_axis": slow.tolist(), "origin": origin.tolist()}


def _axes(node: Node) -> Matrix:
    """Return fast, slow and normal as columns, shape (3, 3)."""
    fast, slow = np.array(node["fast_axis"]), np.array(node["slow_axis"])
    return np.array([fast, slow, np.cross(fast, slow)]).T


def _deepened(node: Node, panels: list[Node], depth: int) -> Node:
    """Put groups of one around panels until each stands so many levels below the node."""
    children = []
    for child in node["children"]:
        if "panel" not in child:
            deeper = _deepened(child, panels, depth - 1)
        elif depth > 1:
            own = node | IDENTITY | {"name": panels[child["panel"]].get("name", ""), "children": [child]}
            deeper = _deepened(own, panels, depth - 1)
        else:
            deeper = child
        children.append(deeper)
    return node | {"children": children}


def _nodes_at(node: Node, level: int) -> Iterator[Node]:
    if level == 0:
        yield node
        return
    for child in node["children"]:
        yield from _nodes_at(child, level - 1)


def _leaves(node: Node) -> Iterator[int]:
    for child in node["children"]:
        if "panel" in child:
            yield child["panel"]
        else:
            yield from _leaves(child)


def _depths(node: Node) -> Iterator[int]:
    """Yield how many levels below the node each panel stands."""
    for child in node["children"]:
        if "panel" in child:
            yield 1
        else:
            yield from (1 + depth for depth in _depths(child))
