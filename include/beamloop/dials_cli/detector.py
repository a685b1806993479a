"""Where the beam meets a detector that an `.expt` file describes.

Frame: DIALS's laboratory frame, lengths in mm, the sample at the origin. A panel's (x, y) are mm along its
fast and slow axes from the outer corner of its first pixel.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
IDENTITY, ZERO = np.identity(3), np.zeros(3)


@dataclass(frozen=True, slots=True)
class DetectorSummary:
    """A detector, and its panel that the beam hits."""

    panel_count: int  # 24
    pixel_size_mm: tuple[float, float]  # (0.172, 0.172), fast and slow
    beam_panel: int | None  # 0; None where the beam goes past every panel: then the rest is of panel 0
    distance_mm: float  # 200.0, from the sample to the panel's plane, along its normal
    beam_x_mm: float  # 105.1, fast; not a number where the beam never meets the panel's plane
    beam_y_mm: float  # 101.2, slow
    beam_x_px: float  # 611.3, with DIALS's parallax correction
    beam_y_px: float  # 588.4


def summarise_detector(detector: Mapping[str, Any], beam_direction: Matrix) -> DetectorSummary:
    """Find the panel that the direct beam hits, as dials.show does.

    Parameters
    ----------
    detector
        An entry of "detector" in an `.expt` file.
    beam_direction
        From source to sample, shape (3,), unit length, laboratory frame.
    """
    panels = detector["panels"]
    poses = panel_poses(detector)
    crossings = [_crossing(pose, beam_direction) for pose in poses]
    inside = (number for number, panel in enumerate(panels) if _is_inside(crossings[number], panel))
    beam_panel = next(inside, None)
    number = beam_panel or 0
    fast_mm, slow_mm = panels[number]["pixel_size"]
    beam_mm = crossings[number]
    beam_px = _pixel(beam_mm, poses[number], panels[number])
    return DetectorSummary(
        panel_count=len(panels),
        pixel_size_mm=(float(fast_mm), float(slow_mm)),
        beam_panel=beam_panel,
        distance_mm=abs(float(np.linalg.det(poses[number]))),
        beam_x_mm=float(beam_mm[0]),
        beam_y_mm=float(beam_mm[1]),
        beam_x_px=float(beam_px[0]),
        beam_y_px=float(beam_px[1]),
    )


def _pose(node: Mapping[str, Any]) -> Matrix:
    """Return fast axis, slow axis and origin as columns, shape (3, 3), in the frame of the node's parent."""
    return np.array([node["fast_axis"], node["slow_axis"], node["origin"]], dtype=float).T


def panel_poses(detector: Mapping[str, Any]) -> list[Matrix]:
    """Return each panel's pose in the laboratory frame; the file gives it in its group's frame."""
    poses = [_pose(panel) for panel in detector["panels"]]
    if "hierarchy" in detector:
        for number, (axes, origin) in panel_groups(detector["hierarchy"]):
            poses[number] = axes @ poses[number] + np.outer(origin, [0.0, 0.0, 1.0])
    return poses


def panel_groups(
    node: Mapping[str, Any], axes: Matrix = IDENTITY, origin: Matrix = ZERO
) -> Iterator[tuple[int, tuple[Matrix, Matrix]]]:
    """Yield each panel's number and its group's axes (columns) and origin in the laboratory frame.

    Parameters
    ----------
    node
        A detector's entry "hierarchy".
    axes, origin
        Frame of its parent, shape (3, 3) and (3,), mm.
    """
    fast, slow, own_origin = _pose(node).T
    origin = origin + axes @ own_origin
    axes = axes @ np.array([fast, slow, np.cross(fast, slow)]).T
    for child in node["children"]:
        if "panel" in child:
            yield child["panel"], (axes, origin)
        else:
            yield from panel_groups(child, axes, origin)


def _crossing(pose: Matrix, direction: Matrix) -> Matrix:
    """Return (x, y) in mm where a ray from the sample meets the panel's plane, or no numbers; shape (2,).

    With the pose D as columns fast, slow, origin, the vector D^-1 s is proportional to (x, y, 1).
    Source: Waterman et al. (2016) Acta Cryst. D72, 558-575.
    """
    x, y, scale = np.linalg.solve(pose, direction)
    return np.array([x / scale, y / scale]) if scale > 0 else np.array([np.nan, np.nan])


def _is_inside(crossing: Matrix, panel: Mapping[str, Any]) -> bool:
    size_mm = np.array(panel["image_size"]) * np.array(panel["pixel_size"])
    return bool(np.all(crossing >= 0) and np.all(crossing <= size_mm))


def _pixel(crossing: Matrix, pose: Matrix, panel: Mapping[str, Any]) -> Matrix:
    """Turn mm on a panel into pixels, both fast and slow, shape (2,).

    A photon is absorbed on average a depth o along its way below the sensor's surface,
    o = 1/mu - (t/cos + 1/mu) exp(-mu t/cos) for a sensor of thickness t: the spot moves outwards by that.
    Source: dxtbx, `parallax_correction.h`.
    """
    moved = crossing
    # Files of DIALS 1 may name the correction and leave out the sensor; dxtbx then does without it.
    mu, thickness = panel.get("mu", 0.0), panel.get("thickness", 0.0)
    if panel["px_mm_strategy"]["type"] == "ParallaxCorrectedPxMmStrategy" and mu > 0 and thickness > 0:
        ray = pose @ [*crossing, 1.0]
        ray /= np.linalg.norm(ray)
        slant = thickness / abs(ray @ np.cross(pose[:, 0], pose[:, 1]))
        depth = 1 / mu - (slant + 1 / mu) * np.exp(-mu * slant)
        moved = crossing + depth * (ray @ pose[:, :2])
    return np.asarray(moved / np.array(panel["pixel_size"]))
