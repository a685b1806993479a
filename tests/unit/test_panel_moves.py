"""How panels moved against each other: what moves the whole does not count."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.services.geometry_files import experiment_list

from beamloop.geometry.models import Document, first_models
from beamloop.geometry.move import carried
from beamloop.geometry.panels import (
    group_moves,
    panel_moves,
    panels_of,
    rigid_motion,
    rms_in_plane_um,
    whole_detector,
)
from beamloop.metrology.face import face_of
from beamloop.metrology.half_split import compare_halves
from beamloop.simulate.geometry import header_geometry, rotation_matrix, true_geometry
from beamloop.simulate.pilatus import PIXEL_MM
from beamloop.simulate.plan import DetectorPlan

pytestmark = pytest.mark.unit

PLAN = DetectorPlan("1M", 240.0)
HEADER = experiment_list(header_geometry(PLAN))
ROUNDING_UM = 1e-6


def turned(document: Document, matrix: np.ndarray[Any, Any], shift_mm: np.ndarray[Any, Any]) -> Document:
    """Move a whole detector whose group stands in the laboratory frame."""
    moved = deepcopy(document)
    for panel in moved["detector"][0]["panels"]:
        for name in ("fast_axis", "slow_axis"):
            panel[name] = (matrix @ panel[name]).tolist()
        panel["origin"] = (matrix @ panel["origin"] + shift_mm).tolist()
    return moved


MATRIX = rotation_matrix((0.0, 0.6, 0.8), 0.02)
SHIFT_MM = np.array([0.4, -0.3, 1.5])


def test_a_motion_of_the_whole_leaves_nothing() -> None:
    moves = panel_moves(panels_of(HEADER), panels_of(turned(HEADER, MATRIX, SHIFT_MM)))
    assert np.abs(moves.shift_um).max() < ROUNDING_UM
    assert np.abs(moves.rotation_mrad).max() < 1e-9


def test_the_motion_of_points_is_found() -> None:
    points = np.random.default_rng(1).normal(size=(20, 3))
    rotation, shift = rigid_motion(points, points @ MATRIX.T + SHIFT_MM)
    np.testing.assert_allclose(rotation, MATRIX, atol=1e-12)
    np.testing.assert_allclose(shift, SHIFT_MM, atol=1e-12)


def test_simulated_modules_come_back_whatever_the_whole_does() -> None:
    plan = replace(
        PLAN,
        distance_offset_mm=0.4,
        beam_offset_px=(1.4, -1.1),
        tilt_mrad=(3.0, -2.0),
        module_shift_rms_um=30.0,
        module_rotation_rms_mrad=0.3,
    )
    flat = replace(PLAN, module_shift_rms_um=30.0, module_rotation_rms_mrad=0.3)
    wanted, found = (
        panel_moves(panels_of(HEADER), panels_of(experiment_list(true_geometry(one, 3))))
        for one in (flat, plan)
    )
    # The simulated detector is tilted and shifted as a whole, so its modules move alike in both.
    np.testing.assert_allclose(found.shift_um, wanted.shift_um, atol=1e-3)
    np.testing.assert_allclose(found.rotation_mrad, wanted.rotation_mrad, atol=1e-4)
    assert 15 < rms_in_plane_um(found) < 45


def test_one_panel_that_moves_is_told_in_its_own_frame() -> None:
    moved = deepcopy(HEADER)
    panel = moved["detector"][0]["panels"][4]
    along = 0.1 * np.array(panel["slow_axis"])  # mm
    panel["origin"] = (np.array(panel["origin"]) + along).tolist()
    others = np.arange(10) != 4
    moves = panel_moves(panels_of(HEADER), panels_of(moved), others)
    np.testing.assert_allclose(moves.shift_um[4], [0.0, 100.0, 0.0], atol=ROUNDING_UM)
    assert np.abs(moves.shift_um[others]).max() < ROUNDING_UM


def test_one_panel_that_turns_about_its_middle_is_told_so() -> None:
    moved = deepcopy(HEADER)
    panel = moved["detector"][0]["panels"][4]
    fast, slow = np.array(panel["fast_axis"]), np.array(panel["slow_axis"])
    half = np.array(panel["image_size"]) * PIXEL_MM / 2
    turn = rotation_matrix(tuple(np.cross(fast, slow)), 0.001)
    centre = np.array(panel["origin"]) + half @ np.stack([fast, slow])
    panel["fast_axis"], panel["slow_axis"] = (turn @ fast).tolist(), (turn @ slow).tolist()
    panel["origin"] = (centre - half @ np.stack([turn @ fast, turn @ slow])).tolist()
    moves = panel_moves(panels_of(HEADER), panels_of(moved), np.arange(10) != 4)
    # A rotation's sine stands for its angle: 1 mrad less 2e-10.
    np.testing.assert_allclose(moves.rotation_mrad[4], [0.0, 0.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(moves.shift_um[4], 0.0, atol=ROUNDING_UM)


def test_the_whole_is_seen_along_its_beam() -> None:
    plan = replace(PLAN, distance_offset_mm=0.4, beam_offset_px=(10.0, -5.0), tilt_mrad=(3.0, -2.0))
    header, true = (
        whole_detector(experiment_list(make)) for make in (header_geometry(PLAN), true_geometry(plan, 1))
    )
    assert header.distance_mm == pytest.approx(240.0)
    assert true.distance_mm == pytest.approx(240.4, abs=1e-9)
    # Cosines of 3 mrad shorten these lengths by 1e-5.
    assert true.beam_fast_mm - header.beam_fast_mm == pytest.approx(10 * PIXEL_MM, rel=1e-4)
    assert true.beam_slow_mm - header.beam_slow_mm == pytest.approx(-5 * PIXEL_MM, rel=1e-4)
    # Fast is +x; slow is -y, about which a turn counts the other way.
    assert true.tilt_fast_mrad == pytest.approx(3.0, rel=1e-4)
    assert true.tilt_slow_mrad == pytest.approx(2.0, rel=1e-4)


def test_a_tilt_of_beam_and_detector_together_is_none() -> None:
    document = turned(HEADER, MATRIX, np.zeros(3))
    document["beam"][0]["direction"] = (MATRIX @ document["beam"][0]["direction"]).tolist()
    before, after = whole_detector(HEADER), whole_detector(document)
    for name in before.__slots__:
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-9)


def test_panels_go_where_the_same_detector_of_one_panel_went() -> None:
    whole = deepcopy(HEADER)
    first = whole["detector"][0]["panels"][0]
    whole["detector"] = [{"panels": [first]}]
    after = turned(whole, MATRIX, SHIFT_MM)
    moved, wanted = carried(HEADER, whole, after), turned(HEADER, MATRIX, SHIFT_MM)
    for found, expected in zip(panels_of(moved).centres_mm, panels_of(wanted).centres_mm, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def quadrants() -> Document:
    """Return four panels of 50 mm round the beam, each turned by a right angle against the one before."""
    document = deepcopy(HEADER)
    panels = document["detector"][0]["panels"][:4]
    for number, panel in enumerate(panels):
        turn = rotation_matrix((0.0, 0.0, 1.0), number * np.pi / 2)
        panel |= {"image_size": [250, 250], "pixel_size": [0.2, 0.2], "raw_image_offset": [0, 0]}
        for name, vector in (("fast_axis", [1, 0, 0]), ("slow_axis", [0, -1, 0]), ("origin", [2, -2, -240])):
            panel[name] = (turn @ np.array(vector, dtype=float)).tolist()
    document["detector"][0]["panels"] = panels
    document["detector"][0]["hierarchy"]["children"] = [{"panel": number} for number in range(4)]
    return document


def test_a_detector_whose_quadrants_point_everywhere_has_the_axes_of_the_first_one() -> None:
    # Their mean fast axis is none: what is left of it by rounding has any direction.
    whole = whole_detector(quadrants())
    assert (whole.beam_fast_mm, whole.beam_slow_mm) == pytest.approx((0.0, 0.0), abs=1e-9)
    moved = whole_detector(turned(quadrants(), np.eye(3), np.array([1.5, 0.5, 0.0])))
    # Fast is +x, slow -y: the beam stays where the detector went from.
    assert (moved.beam_fast_mm, moved.beam_slow_mm) == pytest.approx((-1.5, 0.5), abs=1e-9)
    face = face_of(quadrants())
    corners = np.concatenate([face.outline_mm(number) for number in range(4)])
    np.testing.assert_allclose([corners.min(axis=0), corners.max(axis=0)], [[-52, -52], [52, 52]], atol=1e-9)


def test_a_group_that_moves_is_told_as_one_body_in_its_own_frame() -> None:
    turn = rotation_matrix((0.0, 0.0, 1.0), 0.001)
    groups = [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9)]
    middle = panels_of(HEADER).centres_mm[list(groups[1])].mean(axis=0)
    moved = turned(HEADER, turn, middle - turn @ middle + np.array([0.1, 0.0, 0.0]))
    for number in (*groups[0], *groups[2]):
        moved["detector"][0]["panels"][number] = HEADER["detector"][0]["panels"][number]
    others = np.isin(np.arange(10), groups[1], invert=True)
    moves = group_moves(panels_of(HEADER), panels_of(moved), groups, others)
    # The normal is along the beam, -z: a turn about it counts the other way.
    np.testing.assert_allclose(moves.shift_um[1], [100.0, 0.0, 0.0], atol=ROUNDING_UM)
    np.testing.assert_allclose(moves.rotation_mrad[1], [0.0, 0.0, -1.0], atol=1e-6)
    assert np.abs(moves.shift_um[[0, 2]]).max() < ROUNDING_UM


def write(path: Path, document: Document) -> Path:
    path.write_text(json.dumps(document | {"goniometer": []}), "utf-8")
    return path


def shifted(document: Document, panel: int, along_fast_um: float) -> Document:
    moved = deepcopy(document)
    entry = moved["detector"][0]["panels"][panel]
    by_mm = 1e-3 * along_fast_um * np.array(entry["fast_axis"])
    entry["origin"] = (np.array(entry["origin"]) + by_mm).tolist()
    return moved


def test_halves_are_compared_on_panels_that_both_have_moved(tmp_path: Path) -> None:
    start = write(tmp_path / "start.expt", HEADER)
    whole = turned(HEADER, MATRIX, SHIFT_MM)
    whole["detector"][0]["panels"][9] = HEADER["detector"][0]["panels"][9]  # that panel was not refined
    first = write(tmp_path / "first.expt", shifted(whole, 2, +40.0))
    second = write(tmp_path / "second.expt", shifted(whole, 2, +70.0))
    split = compare_halves((start, first), (start, second))
    assert split is not None
    assert split.compared == (*[True] * 9, False)
    moved_um = np.array(split.moves.shift_um[:9, 0])
    # The whole follows the one panel that moved by its share: a ninth in the mean, more by turning.
    assert moved_um[2] - np.delete(moved_um, 2).mean() == pytest.approx(30.0, rel=0.2)
    assert split.rms_um == pytest.approx(np.sqrt(np.mean(split.moves.shift_um[:9, :2] ** 2)))


def test_halves_that_refined_one_panel_tell_nothing(tmp_path: Path) -> None:
    start = write(tmp_path / "start.expt", HEADER)
    other = write(tmp_path / "other.expt", shifted(HEADER, 2, 40.0))
    assert compare_halves((start, other), (start, other)) is None
    assert first_models(start)["detector"] == HEADER["detector"]
