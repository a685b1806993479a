"""Which panels move together: levels that divide, whatever chain of axes a file gives."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from tests.services.geometry_files import experiment_list

from beamloop.dials_cli.detector import panel_poses
from beamloop.geometry.hierarchy import hierarchy_depth, panel_names, parts_at, tidied
from beamloop.geometry.models import Document
from beamloop.simulate.geometry import header_geometry
from beamloop.simulate.plan import DetectorPlan

pytestmark = pytest.mark.unit

HEADER = experiment_list(header_geometry(DetectorPlan("1M", 240.0)))
NAMES = [f"Panel{number}" for number in range(10)]
ROUNDING_MM = 1e-12


def group(name: str, children: Sequence[Any]) -> dict[str, Any]:
    """Return a node whose frame is turned and shifted against its parent's."""
    return {
        "name": name,
        "type": "",
        "fast_axis": [0.8, 0.6, 0.0],
        "slow_axis": [-0.6, 0.8, 0.0],
        "origin": [1.0, -2.0, 3.0],
        "children": list(children),
    }


def panels(*numbers: int) -> list[dict[str, int]]:
    return [{"panel": number} for number in numbers]


def with_tree(tree: dict[str, Any]) -> Document:
    document = deepcopy(HEADER)
    document["detector"][0]["hierarchy"] = tree
    return document


def tidy(document: Document) -> Document:
    return document | {"detector": [tidied(document["detector"][0])]}


def test_a_chain_of_axes_becomes_the_levels_that_divide_the_detector() -> None:
    """As a NeXus file's: rail, quadrant, and an axis for each module."""
    mounts = [group(f"axis of {number}", panels(number)) for number in range(10)]
    chain = with_tree(group("", [group("rail", [group("left", mounts[:4]), group("right", mounts[4:])])]))
    assert hierarchy_depth(chain) == 4
    found = tidy(chain)
    assert hierarchy_depth(found) == 2
    assert [part.name for part in parts_at(found, 0)] == ["the whole detector"]
    assert {part.name: part.panels for part in parts_at(found, 1)} == {
        "left": (0, 1, 2, 3),
        "right": (4, 5, 6, 7, 8, 9),
    }
    assert [part.name for part in parts_at(found, 2)] == NAMES
    poses = [panel_poses(one["detector"][0]) for one in (chain, found)]
    np.testing.assert_allclose(poses[1], poses[0], rtol=0, atol=ROUNDING_MM)
    assert tidy(found) == found


def test_branches_of_different_depth_are_made_alike() -> None:
    """DIALS stops at a level that some branch does not have."""
    uneven = with_tree(group("", [group("left", panels(0, 1, 2)), *panels(3, 4, 5, 6, 7, 8, 9)]))
    assert hierarchy_depth(uneven) == 1
    found = tidy(uneven)
    assert hierarchy_depth(found) == 2
    assert [part.name for part in parts_at(found, 1)] == ["left", *NAMES[3:]]
    assert [part.name for part in parts_at(found, 2)] == NAMES
    poses = [panel_poses(one["detector"][0]) for one in (uneven, found)]
    np.testing.assert_allclose(poses[1], poses[0], rtol=0, atol=ROUNDING_MM)


def test_parts_come_in_the_order_of_the_tree_and_have_a_number_where_they_have_no_name() -> None:
    document = with_tree(group("", [group("", panels(5, 6, 7, 8, 9)), group("", panels(4, 3, 2, 1, 0))]))
    assert [(part.name, part.panels) for part in parts_at(document, 1)] == [
        ("group 1", (5, 6, 7, 8, 9)),
        ("group 2", (4, 3, 2, 1, 0)),
    ]
    assert [part.name for part in parts_at(document, 2)] == [*NAMES[5:], *reversed(NAMES[:5])]


def test_what_is_tidy_stays_as_it_is() -> None:
    assert tidied(HEADER["detector"][0]) == HEADER["detector"][0]
    single = deepcopy(HEADER["detector"][0])
    single["panels"] = single["panels"][:1]
    single["hierarchy"]["children"] = panels(0)
    assert tidied(single) == single
    assert hierarchy_depth({"detector": [single]}) == 0
    bare = {"panels": HEADER["detector"][0]["panels"]}
    assert tidied(bare) == bare


def test_panels_of_the_same_name_are_called_by_number() -> None:
    document = deepcopy(HEADER)
    document["detector"][0]["panels"][3]["name"] = "Panel4"
    assert panel_names(document)[:2] == ["panel 0", "panel 1"]
    assert panel_names(HEADER) == NAMES
