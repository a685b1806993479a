"""The goniometer that an `.expt` file describes, as far as sweeps must agree in it to share one.

Frame: DIALS's laboratory frame. A crystal's orientation at the rotation angle phi is S R(axis, phi) F U B.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GoniometerSummary:
    """Where the axis of rotation is, and what is set before and after it (kappa settings)."""

    rotation_axis: tuple[float, ...]  # (1.0, 0.0, 0.0), unit length
    fixed_rotation: tuple[float, ...]  # F, 9 elements, row by row
    setting_rotation: tuple[float, ...]  # S, 9 elements, row by row

    def differs_deg(self, other: "GoniometerSummary") -> float:
        """Return the largest angle, in degrees, between the axes, the fixed and the setting rotations."""
        axes = np.clip(np.dot(self.rotation_axis, other.rotation_axis), -1.0, 1.0)
        return max(
            float(np.degrees(np.arccos(axes))),
            _angle_deg(self.fixed_rotation, other.fixed_rotation),
            _angle_deg(self.setting_rotation, other.setting_rotation),
        )


def summarise_goniometer(goniometer: Mapping[str, Any]) -> GoniometerSummary:
    """Read an entry of "goniometer" in an `.expt` file, of one axis or of several.

    Notes
    -----
    Of several axes, those before the scan axis make the fixed rotation and those after it the setting
    rotation, each one turning what the ones before it have turned.
    Source: dxtbx, `multi_axis_goniometer.h`.
    """
    if "axes" not in goniometer:
        parts = ("rotation_axis", "fixed_rotation", "setting_rotation")
        known = {"setting_rotation": np.identity(3).ravel()} | dict(goniometer)  # files of 2015 have none
        return GoniometerSummary(**{part: tuple(map(float, known[part])) for part in parts})
    axes = [np.array(axis, dtype=float) / np.linalg.norm(axis) for axis in goniometer["axes"]]
    turns = [_turn(axis, np.radians(angle)) for axis, angle in zip(axes, goniometer["angles"], strict=True)]
    scan_axis = goniometer["scan_axis"]
    return GoniometerSummary(
        tuple(float(value) for value in axes[scan_axis]),
        _product(turns[:scan_axis]),
        _product(turns[scan_axis + 1 :]),
    )


def _turn(axis: Matrix, angle_rad: float) -> Matrix:
    """Return the matrix, shape (3, 3), of a turn about a unit axis (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn: Matrix = np.identity(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross
    return turn


def _product(turns: list[Matrix]) -> tuple[float, ...]:
    whole = np.identity(3)
    for turn in turns:
        whole = turn @ whole
    return tuple(float(value) for value in whole.ravel())


def _angle_deg(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Return the angle of the turn from one rotation matrix to the other, in degrees.

    By the sine of half the angle, |A - B| / sqrt(8), which keeps its digits for small angles.
    """
    half_sine = float(np.linalg.norm(np.subtract(first, second))) / np.sqrt(8.0)
    return float(np.degrees(2 * np.arcsin(min(1.0, half_sine))))
