"""A joint refinement is published unless cells or residuals are worse than the limits allow."""

from dataclasses import replace

import numpy as np
import pytest
from tests.services.joint_figures import comparison, figures, joint, member

from beamloop.joint.compare import group_figures
from beamloop.joint.words import did_it_help, next_thing
from beamloop.records.joint import JointOptions, joint_key

pytestmark = pytest.mark.unit


def test_cells_that_became_alike_are_published_in_spite_of_slightly_larger_residuals() -> None:
    made = comparison(
        member(1, figures(98.0), figures(98.30, rmsd_mm=0.055)),
        member(2, figures(98.6), figures(98.31, rmsd_mm=0.056)),
    )
    assert made.worse == ()
    assert did_it_help(made).startswith("Yes: the cells are ")


def test_cells_that_differ_more_than_before_are_kept() -> None:
    made = comparison(member(1, figures(98.30), figures(98.2)), member(2, figures(98.35), figures(98.5)))
    assert any("cells differ more" in sentence for sentence in made.worse)
    assert did_it_help(made).startswith("No: the result is kept, not published.")
    assert "exclude" in next_thing(made)


def test_a_difference_below_the_noise_is_no_reason() -> None:
    # 0.005 % of 98.3 A; single wedges have standard uncertainties of 0.02 A.
    alike = figures(98.300)
    made = comparison(member(1, alike, alike), member(2, figures(98.301), figures(98.305)))
    assert made.worse == ()


@pytest.mark.parametrize(("ratio", "kept"), [(1.9, False), (2.1, True)])
def test_the_residuals_of_the_group_may_double_and_no_more(ratio: float, kept: bool) -> None:
    after = figures(98.3, rmsd_mm=0.05 * ratio)
    made = comparison(member(1, figures(98.2), after), member(2, figures(98.4), after))
    assert bool(made.worse) is kept


def test_one_crystal_that_fits_the_detector_of_the_others_badly_is_named() -> None:
    good = figures(98.3, used=1000)
    made = comparison(
        member(1, figures(98.2, used=1000), good),
        member(2, figures(98.4, used=1000), good),
        member(3, figures(98.3, used=20), figures(98.3, used=20, rmsd_mm=0.2)),
    )
    (sentence,) = made.worse
    assert "1 of the crystals, most for xtal3: from 0.0707 to 0.2828 mm" in sentence


def test_who_left_counts_in_neither_figure() -> None:
    stayed = (member(1, figures(98.2), figures(98.3)), member(2, figures(98.4), figures(98.3)))
    left = member(3, figures(105.0), None, "of its 20 reflections too few were left to refine it")
    unreadable = member(4, None, None, "the store has no models and reflections of it")
    made, whole = comparison(*stayed), comparison(*stayed, left, unreadable)
    assert (whole.before, whole.after) == (made.before, made.after)
    assert "xtal3, xtal4" in next_thing(whole)


def test_the_residuals_of_a_group_are_weighted_by_reflections() -> None:
    crystals = [figures(used=300, rmsd_mm=0.1), figures(used=100, rmsd_mm=0.3)]
    cells = np.array([figures(98.2).cell, figures(98.4).cell])
    found = group_figures(cells, crystals)
    # sqrt((300 * 0.01 + 100 * 0.09) / 400)
    assert found.rmsd_x_mm == pytest.approx(0.1732, abs=5e-5)
    assert found.used_count == 400


def test_limits_are_options_and_part_of_the_works_key() -> None:
    members = joint(1, 2).members
    options = JointOptions()
    assert JointOptions.from_json(options.as_json()) == options
    key = joint_key(members, options, "3.12.1")
    assert key == joint_key(tuple(reversed(members)), options, "3.12.1")
    assert key != joint_key(members[:1], options, "3.12.1")
    assert key != joint_key(members, options, "3.30.1")
    assert key != joint_key(members, replace(options, largest_group_rmsd_ratio=1.2), "3.12.1")
