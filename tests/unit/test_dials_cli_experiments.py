"""`.expt` files are read in DIALS's frames and units, old and new forms alike."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from beamloop.dials_cli.crystal import space_group_symbol
from beamloop.dials_cli.experiments import ExperimentSummary, read_experiments
from beamloop.errors import InvalidInputError

pytestmark = pytest.mark.unit

SIMPLE = {"type": "SimplePxMmStrategy"}


def panel(origin: tuple[float, float, float], **changes: Any) -> dict[str, Any]:
    """Return a panel of 100 x 50 pixels of 0.2 x 0.1 mm, 20 x 5 mm, facing the beam."""
    return {
        "fast_axis": [1.0, 0.0, 0.0],
        "slow_axis": [0.0, -1.0, 0.0],
        "origin": list(origin),
        "image_size": [100, 50],
        "pixel_size": [0.2, 0.1],
        "px_mm_strategy": SIMPLE,
        **changes,
    }


def group(origin: tuple[float, float, float], *children: dict[str, Any], **changes: Any) -> dict[str, Any]:
    pose = {"fast_axis": [1.0, 0.0, 0.0], "slow_axis": [0.0, 1.0, 0.0], "origin": list(origin)}
    return {**pose, "children": list(children), **changes}


def document(**changes: Any) -> dict[str, Any]:
    models: dict[str, Any] = {
        "__id__": "ExperimentList",
        "experiment": [
            {"identifier": "first", "beam": 0, "detector": 0, "scan": 0, "imageset": 0, "crystal": 0}
        ],
        "beam": [{"direction": [0.0, 0.0, 1.0], "wavelength": 0.9763}],
        "detector": [{"panels": [panel((-12.0, 3.0, -200.0))]}],
        "scan": [{"image_range": [3, 6], "oscillation": [10.0, 0.5]}],
        "imageset": [{"template": "/data/x_#####.cbf"}],
        "crystal": [
            {
                "real_space_a": [98.3, 0.0, 0.0],
                "real_space_b": [-49.15, 49.15 * math.sqrt(3), 0.0],
                "real_space_c": [0.0, 0.0, 136.6],
                "space_group_hall_symbol": " R 3",
            }
        ],
    }
    return models | changes


def read(tmp_path: Path, **changes: Any) -> ExperimentSummary:
    path = tmp_path / "a.expt"
    path.write_text(json.dumps(document(**changes)))
    return read_experiments(path).experiments[0]


def test_a_flat_detector_facing_the_beam(tmp_path: Path) -> None:
    found = read(tmp_path)
    detector = found.detector
    assert (found.identifier, found.template) == ("first", "/data/x_#####.cbf")
    assert found.wavelength_angstrom == 0.9763
    assert (detector.panel_count, detector.beam_panel) == (1, 0)
    # The beam goes along -z and crosses z = -200 mm at x = y = 0: 12 mm along the fast axis from the
    # origin, 3 mm down along the slow one.
    assert detector.distance_mm == pytest.approx(200.0)
    assert (detector.beam_x_mm, detector.beam_y_mm) == pytest.approx((12.0, 3.0))
    assert (detector.beam_x_px, detector.beam_y_px) == pytest.approx((60.0, 30.0))


def test_panels_are_placed_by_their_groups(tmp_path: Path) -> None:
    panels = [panel((-10.0, 0.0, 0.0)), panel((-10.0, 4.0, 0.0))]
    # The outer group turns x into y and y into -x about the beam, and stands at z = -300.
    outer = {"fast_axis": [0.0, 1.0, 0.0], "slow_axis": [-1.0, 0.0, 0.0]}
    hierarchy = group((0.0, 0.0, -300.0), group((-2.0, -1.0, 0.0), {"panel": 0}, {"panel": 1}), **outer)
    detector = read(tmp_path, detector=[{"panels": panels, "hierarchy": hierarchy}]).detector
    # In the outer group's frame the beam is at (0, 0), in the inner's at (2, 1): 12 mm along the fast axis
    # of either panel, 3 mm down the second one, and above the first.
    assert (detector.panel_count, detector.beam_panel) == (2, 1)
    assert detector.distance_mm == pytest.approx(300.0)
    assert (detector.beam_x_mm, detector.beam_y_mm) == pytest.approx((12.0, 3.0))


def test_a_beam_past_every_panel_is_said_to_be(tmp_path: Path) -> None:
    detector = read(tmp_path, detector=[{"panels": [panel((5.0, 3.0, -200.0))]}]).detector
    assert detector.beam_panel is None
    assert detector.beam_x_mm == pytest.approx(-5.0)


def test_a_detector_behind_the_sample_has_no_beam_centre(tmp_path: Path) -> None:
    detector = read(tmp_path, detector=[{"panels": [panel((-12.0, 3.0, 200.0))]}]).detector
    assert detector.beam_panel is None
    assert math.isnan(detector.beam_x_mm)


def test_an_oblique_ray_is_absorbed_further_out(tmp_path: Path) -> None:
    # A beam at 45 deg: it crosses z = -100 mm at x = 100 mm.
    sensor = {"px_mm_strategy": {"type": "ParallaxCorrectedPxMmStrategy"}, "mu": 1.0, "thickness": 0.32}
    oblique = [{"direction": [-1.0, 0.0, 1.0], "wavelength": 1.0}]
    panels = [panel((92.0, 3.0, -100.0), **sensor)]
    detector = read(tmp_path, beam=oblique, detector=[{"panels": panels}]).detector
    slant = 0.32 * math.sqrt(2)
    depth_mm = 1 - (slant + 1) * math.exp(-slant)
    assert detector.beam_x_mm == pytest.approx(8.0)
    assert detector.beam_x_px == pytest.approx((8.0 + depth_mm / math.sqrt(2)) / 0.2)
    assert detector.beam_y_px == pytest.approx(30.0)


def test_the_cell_the_symmetry_and_the_a_matrix(tmp_path: Path) -> None:
    crystal = read(tmp_path).crystal
    assert crystal is not None
    assert crystal.cell.as_tuple() == pytest.approx((98.3, 98.3, 136.6, 90, 90, 120))
    assert crystal.cell_su is None
    assert (crystal.space_group, crystal.hall_symbol) == ("H 3", "R 3")
    # a* is along x at 30 deg to b*: columns of A are a*, b*, c*.
    assert crystal.a_matrix[0] == pytest.approx(1 / 98.3)
    assert crystal.a_matrix[8] == pytest.approx(1 / 136.6)


def test_uncertainties_of_an_orthogonal_cell_follow_from_those_of_its_reciprocal_lengths(
    tmp_path: Path,
) -> None:
    cell = (50.0, 80.0, 100.0)
    axes = {f"real_space_{name}": [0.0] * 3 for name in "abc"}
    for place, (name, length) in enumerate(zip("abc", cell, strict=True)):
        axes[f"real_space_{name}"][place] = length
    covariance = [0.0] * 81
    for place, length in zip((0, 4, 8), cell, strict=True):
        covariance[10 * place] = (0.01 / length**2) ** 2  # s.u. of 1/a for one of 0.01 in a
    crystal = {**axes, "space_group_hall_symbol": " P 2 2", "B_covariance": covariance}
    found = read(tmp_path, crystal=[crystal]).crystal
    assert found is not None
    # Central differences with a step of 1e-6 keep six digits.
    assert found.cell_su == pytest.approx((0.01, 0.01, 0.01, 0, 0, 0), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    "scan",
    [
        {"image_range": [3, 6], "oscillation": [10.0, 0.5]},
        {"image_range": [3, 6], "properties": {"oscillation": [10.0, 10.5, 11.0, 11.5]}},
    ],
)
def test_a_scan_is_read_in_its_old_and_new_form(tmp_path: Path, scan: dict[str, Any]) -> None:
    found = read(tmp_path, scan=[scan]).scan
    assert found is not None
    assert (found.first_image, found.last_image, found.image_count) == (3, 6, 4)
    assert (found.start_deg, found.width_deg) == (10.0, 0.5)


def test_an_imported_still_has_neither_scan_nor_crystal_nor_mosaicity(tmp_path: Path) -> None:
    found = read(tmp_path, experiment=[{"identifier": "still", "beam": 0, "detector": 0}])
    assert (found.scan, found.crystal, found.mosaicity_deg, found.template) == (None, None, None, "")


@pytest.mark.parametrize(("sigma_m", "mosaicity_deg"), [(0.07, 0.07), ([0.06, 0.08], 0.07)])
def test_mosaicity_is_the_profile_models(tmp_path: Path, sigma_m: Any, mosaicity_deg: float) -> None:
    experiment = {"identifier": "x", "beam": 0, "detector": 0, "profile": 0}
    found = read(tmp_path, experiment=[experiment], profile=[{"__id__": "gaussian_rs", "sigma_m": sigma_m}])
    assert found.mosaicity_deg == pytest.approx(mosaicity_deg)


@pytest.mark.parametrize(
    ("hall", "symbol"),
    [("P 2ac 2ab", "P 21 21 21"), (' P 32 2"', "P 32 2 1"), ("C 2y", "C 1 2 1"), ("P 1", "P 1")],
)
def test_hall_symbols_become_the_usual_ones(hall: str, symbol: str) -> None:
    assert space_group_symbol(hall) == symbol


def test_an_unusual_setting_keeps_its_hall_symbol() -> None:
    assert space_group_symbol("I 2 2 3 (y+z,x+z,x+y)") == "I 2 2 3 (y+z,x+z,x+y)"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"[]",
        b'{"__id__": "DataBlock"}',
        b'{"__id__": "ExperimentList", "experiment": [{}]}',
        b'{"__id__": "ExperimentList", "experiment": [{"beam": 7}], "beam": []}',
        json.dumps(document()).encode()[:-40],
        b"\xff\xfe",
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.expt"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"a\.expt cannot be read as a DIALS experiment list"):
        read_experiments(path)


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        read_experiments(tmp_path / "a.expt")
