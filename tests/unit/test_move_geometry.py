"""A refined detector at another distance: compared with the truth of simulated ones."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.services.geometry_files import Document, corners_mm, experiment_list

from beamloop.dials_cli.detector import panel_poses, summarise_detector
from beamloop.errors import InvalidInputError
from beamloop.geometry.models import beam_path_mm, describe_models
from beamloop.geometry.move import move_to_header, shape_difference
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId, GeometryUse
from beamloop.simulate.geometry import header_geometry, rotation_matrix, true_geometry
from beamloop.simulate.plan import DetectorPlan
from beamloop.simulate.presets import PRESETS

pytestmark = pytest.mark.unit

UM = 1e-3
NEAR, FAR = 250.0, 300.0  # mm
PLAN = replace(
    PRESETS["tiny2"](1).detector, distance_mm=NEAR, distance_offset_mm=0.4, beam_offset_px=(1.6, -1.5),
    module_shift_rms_um=30.0,
)  # fmt: skip
TILT = (3.0, -2.0)  # mrad
SEED = 7


def use(header_mm: float | None = NEAR, **options: Any) -> GeometryUse:
    return GeometryUse(GeometryId(1), StoredObject("k", "a" * 64, 1), header_mm, multi_panel=True, **options)


def truth(plan: DetectorPlan, **options: Any) -> Document:
    return experiment_list(true_geometry(plan, SEED), **options)


def header(plan: DetectorPlan, **options: Any) -> Document:
    return experiment_list(header_geometry(plan), **options)


@pytest.mark.parametrize("group_at_mm", [(0.0, 0.0, 0.0), (3.0, -5.0, -251.0)])
def test_panels_moved_along_the_normal_are_where_the_truth_has_them(
    group_at_mm: tuple[float, float, float],
) -> None:
    far = replace(PLAN, distance_mm=FAR)
    moved = move_to_header(truth(PLAN, group_at_mm=group_at_mm), header(far), use())
    assert corners_mm(moved) == pytest.approx(corners_mm(truth(far)), abs=UM)


def test_a_tilted_detector_carried_along_the_beam_is_where_the_truth_has_it() -> None:
    near, far = replace(PLAN, tilt_mrad=TILT), replace(PLAN, tilt_mrad=TILT, distance_mm=FAR)
    moved = move_to_header(truth(near), header(far), use())
    # Along the detector's normal it would be off by 3 mrad x 50 mm = 150 um.
    assert corners_mm(moved) == pytest.approx(corners_mm(truth(far)), abs=UM)


def test_a_geometry_of_other_groups_takes_those_of_the_images() -> None:
    """dials.import refuses a reference whose hierarchy is not that of the images."""
    grouped = header(replace(PLAN, distance_mm=FAR))
    root, first = grouped["detector"][0]["hierarchy"], grouped["detector"][0]["panels"][0]
    axes, origin = rotation_matrix((0.0, 0.0, 1.0), 0.7), np.array([1.0, 2.0, -FAR])
    turned = {"fast_axis": axes[:, 0].tolist(), "slow_axis": axes[:, 1].tolist(), "origin": origin.tolist()}
    first["origin"] = (np.array(first["origin"]) - origin).tolist()
    for name in ("fast_axis", "slow_axis", "origin"):
        first[name] = (axes.T @ first[name]).tolist()
    root["children"] = [root | turned | {"children": root["children"][:1]}, *root["children"][1:]]
    moved = move_to_header(truth(PLAN), grouped, use())
    assert moved["detector"][0]["hierarchy"]["children"] == root["children"]
    found, wanted = (
        panel_poses(one["detector"][0]) for one in (moved, truth(replace(PLAN, distance_mm=FAR)))
    )
    np.testing.assert_allclose(found, wanted, rtol=0, atol=UM)


def test_panels_without_a_hierarchy_move_too() -> None:
    far = replace(PLAN, distance_mm=FAR)
    refined = truth(PLAN)
    del refined["detector"][0]["hierarchy"]
    moved = move_to_header(refined, header(far), use())
    assert corners_mm(moved) == pytest.approx(corners_mm(truth(far)), abs=UM)


def test_at_the_distance_of_its_own_data_nothing_moves() -> None:
    refined = truth(replace(PLAN, tilt_mrad=TILT))
    moved = move_to_header(refined, header(PLAN), use())
    assert corners_mm(moved) == pytest.approx(corners_mm(refined), abs=1e-9)


def test_where_the_headers_of_its_data_are_not_known_the_header_is_believed() -> None:
    moved = move_to_header(truth(PLAN), header(replace(PLAN, distance_mm=FAR)), use(None))
    assert beam_path_mm(moved) == pytest.approx(FAR, abs=1e-6)


def test_the_beam_of_the_header_meets_the_detector_where_the_refined_one_did() -> None:
    refined_beam = np.array([0.0006, -0.0009, -1.0])
    refined = truth(replace(PLAN, tilt_mrad=TILT), beam=refined_beam)
    before = summarise_detector(refined["detector"][0], refined_beam / np.linalg.norm(refined_beam))
    moved = move_to_header(refined, header(replace(PLAN, distance_mm=FAR)), use())
    after = summarise_detector(moved["detector"][0], np.array([0.0, 0.0, -1.0]))
    # The plane that moves is the panels' mean; the one that the beam hits is parallel to it here.
    assert (after.beam_x_mm, after.beam_y_mm) == pytest.approx((before.beam_x_mm, before.beam_y_mm), abs=UM)
    left = summarise_detector(refined["detector"][0], np.array([0.0, 0.0, -1.0]))
    assert abs(left.beam_y_mm - before.beam_y_mm) > 0.1  # were the detector left alone


def test_a_beam_that_is_taken_keeps_its_direction_and_has_the_wavelength_of_the_images() -> None:
    refined = truth(PLAN, beam=(0.0006, -0.0009, -1.0))
    images = header(PLAN)
    images["beam"][0]["wavelength"] = 1.5
    beam = move_to_header(refined, images, use(takes_beam=True))["beam"][0]
    assert beam["wavelength"] == 1.5
    assert beam["direction"] == refined["beam"][0]["direction"]


def test_a_geometry_of_another_detector_is_told() -> None:
    one = header(PLAN)
    one["detector"][0]["panels"] = one["detector"][0]["panels"][:1]
    assert shape_difference(truth(PLAN), header(PLAN)) == ""
    assert "one panel" in shape_difference(truth(PLAN), one)


def test_facts_of_a_detector_of_panels() -> None:
    models = describe_models(truth(PLAN))
    assert models.multi_panel
    assert models.panel_count == len(true_geometry(PLAN, SEED).panels)
    # Modules' shifts are drawn in the detector's plane.
    assert models.distance_mm == pytest.approx(NEAR + 0.4, abs=1e-6)


def test_a_beam_that_goes_past_the_plane_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="never meets"):
        describe_models(truth(PLAN, beam=(1.0, 0.0, 0.0)))
    with pytest.raises(InvalidInputError, match="never meets"):
        describe_models(truth(PLAN, beam=(0.0, 0.0, 1.0)))
