"""Suggested groups, and which of them goes on which of yesterday's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from beamloop.unit_cells.analysis import analyse_cells
from beamloop.unit_cells.groups import match_groups, suggest_groups
from beamloop.unit_cells.tree import cluster_cells
from beamloop.unit_cells.variation import linear_cell_variation

pytestmark = pytest.mark.unit


def cubes(*edges: float) -> NDArray[np.float64]:
    """Cubic cells; their LCV is the ratio of the longest edge to the shortest, less 1."""
    return np.array([[edge] * 3 + [90.0] * 3 for edge in edges])


def test_groups_are_the_largest_branches_within_the_limit() -> None:
    cells = cubes(100.0, 105.0, 100.4, 105.5, 100.8, 120.0)
    assert suggest_groups(cluster_cells(cells), cells, 1.0) == ((1, 3, 5), (2, 4), (6,))


def test_a_variation_of_exactly_the_limit_is_within_it() -> None:
    cells = cubes(100.0, 101.0)
    limit_percent = linear_cell_variation(cells).lcv_percent
    assert suggest_groups(cluster_cells(cells), cells, limit_percent) == ((1, 2),)
    assert suggest_groups(cluster_cells(cells), cells, limit_percent - 1e-9) == ((1,), (2,))


def test_one_cell_is_a_group_of_one() -> None:
    assert suggest_groups(cluster_cells(cubes(100.0)), cubes(100.0)) == ((1,),)


def test_identical_cells_are_one_group() -> None:
    cells = cubes(100.0, 100.0, 100.0)
    assert suggest_groups(cluster_cells(cells), cells, 0.0) == ((1, 2, 3),)


def test_the_tree_of_other_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="tree is of 3 cells; 2 were given"):
        suggest_groups(cluster_cells(cubes(100.0, 101.0, 102.0)), cubes(100.0, 101.0))


@settings(deadline=None, max_examples=50)
@given(edges=st.lists(st.floats(90.0, 110.0), min_size=1, max_size=15), limit_percent=st.floats(0.0, 15.0))
def test_each_cell_is_in_one_group_and_no_group_is_beyond_the_limit(
    edges: list[float], limit_percent: float
) -> None:
    cells = cubes(*edges)
    groups = suggest_groups(cluster_cells(cells), cells, limit_percent)
    assert sorted(serial for group in groups for serial in group) == list(range(1, len(edges) + 1))
    assert [len(group) for group in groups] == sorted((len(group) for group in groups), reverse=True)
    for group in groups:
        members = cells[[serial - 1 for serial in group]]
        assert linear_cell_variation(members).lcv_percent <= limit_percent


def test_an_analysis_keeps_another_form_as_a_group_and_leaves_wrong_lattices_out() -> None:
    good = [[60 + 0.01 * k, 64.5, 69.1, 90, 90, 90] for k in range(8)]
    form = [[63.0, 64.5, 69.1, 90, 90, 90], [63.05, 64.5, 69.1, 90, 90, 90]]
    doubled = [[60.0, 64.5, 138.2, 90, 90, 90]]
    analysis = analyse_cells(form + good + doubled, ["P 21 21 21"] * 11)
    assert analysis.groups == ((3, 4, 5, 6, 7, 8, 9, 10), (1, 2))
    assert analysis.inliers == (3, 4, 5, 6, 7, 8, 9, 10)
    assert analysis.inlier_tree.nodes[-1].members == analysis.inliers
    assert analysis.tree.cell_count == 11
    assert set(analysis.inlier_tree.nodes[-1].furthest) == {3, 10}


def test_a_group_that_gained_and_lost_members_goes_on() -> None:
    assert match_groups([{1, 2, 3}, {4, 5}], [{4, 5, 6}, {2, 3, 7, 8}]) == {0: 1, 1: 0}


def test_a_group_that_was_split_goes_on_in_its_larger_part() -> None:
    assert match_groups([{1, 2, 3, 4, 5}], [{1, 2}, {3, 4, 5}]) == {1: 0}


def test_groups_that_merged_go_on_as_the_one_that_gave_most() -> None:
    assert match_groups([{1, 2}, {3, 4, 5}], [{1, 2, 3, 4, 5}]) == {0: 1}


def test_as_many_members_as_possible_stay_in_all() -> None:
    # Both overlaps of the first of today's groups are 3; with the second of yesterday's 3 + 2 stay, else 3.
    previous = [{1, 2, 3, 4, 5}, {6, 7, 8}]
    current = [{1, 2, 3, 6, 7, 8}, {4, 5}]
    assert match_groups(previous, current) == {0: 1, 1: 0}


def test_nothing_in_common_is_new() -> None:
    assert match_groups([{1, 2}], [{3}, {4}]) == {}
    assert match_groups([], [{3}]) == {}
    assert match_groups([{1}], []) == {}


@settings(deadline=None, max_examples=50)
@given(data=st.data(), count=st.integers(1, 6))
def test_unchanged_groups_keep_their_identity_in_any_order(data: st.DataObject, count: int) -> None:
    previous = [{f"{group}-{member}" for member in range(group + 1)} for group in range(count)]
    order = data.draw(st.permutations(range(count)))
    assert match_groups(previous, [previous[place] for place in order]) == dict(enumerate(order))
