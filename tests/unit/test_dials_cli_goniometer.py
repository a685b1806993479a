"""Goniometers are compared in what sweeps must share: axis, fixed rotation (kappa) and setting."""

import pytest

from beamloop.dials_cli.goniometer import GoniometerSummary, summarise_goniometer

pytestmark = pytest.mark.unit

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# What dxtbx of DIALS 3.12.1 says of these axes and angles with the third as the scan axis.
AXES = {
    "axes": [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [1.0, 0.0, 0.0]],
    "angles": [10.0, 20.0, 30.0],
    "names": ["PHI", "KAPPA", "OMEGA"],
    "scan_axis": 2,
}
FIXED = (
    0.9614032773029814, 0.07602070350577239, 0.2644325831465823,
    0.028947542022763957, 0.9277922253828788, -0.37197261502686707,
    -0.273616114660535, 0.3652703644666139, 0.8897818736299925,
)  # fmt: skip


def test_several_axes_make_the_fixed_rotation_that_dxtbx_makes() -> None:
    found = summarise_goniometer(AXES)
    assert found.rotation_axis == (1.0, 0.0, 0.0)
    assert found.fixed_rotation == pytest.approx(FIXED, abs=1e-12)
    assert found.setting_rotation == pytest.approx(IDENTITY, abs=1e-12)


def test_a_kappa_set_otherwise_differs_by_its_angle() -> None:
    other = summarise_goniometer(AXES | {"angles": [10.0, 20.05, 30.0]})
    assert summarise_goniometer(AXES).differs_deg(other) == pytest.approx(0.05, abs=1e-9)


def test_the_scan_axis_does_not_count_as_a_setting() -> None:
    other = summarise_goniometer(AXES | {"angles": [10.0, 20.0, -77.0]})
    assert summarise_goniometer(AXES).differs_deg(other) == pytest.approx(0.0, abs=1e-9)


def test_one_axis_is_read_as_it_stands() -> None:
    found = summarise_goniometer(
        {"rotation_axis": [0, 1, 0], "fixed_rotation": list(FIXED), "setting_rotation": list(IDENTITY)}
    )
    assert found == GoniometerSummary((0.0, 1.0, 0.0), FIXED, IDENTITY)


def test_a_file_of_2015_without_a_setting_rotation_has_none() -> None:
    old = {"rotation_axis": [1.0, 0.0, 0.0], "fixed_rotation": list(IDENTITY)}
    assert summarise_goniometer(old).setting_rotation == IDENTITY
