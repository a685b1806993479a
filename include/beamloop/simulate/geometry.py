"""Where the detector's modules are: as the header says, and in truth."""

from dataclasses import dataclass

import numpy as np

from beamloop.simulate.arrays import Floats
from beamloop.simulate.pilatus import MODULE_PX, PIXEL_MM, image_size_px, module_offsets_px, modules_of
from beamloop.simulate.plan import DetectorPlan
from beamloop.simulate.random_streams import Stream, stream

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One module: a flat rectangle of pixels. Vectors in the laboratory frame."""

    name: str  # "Panel3", as dxtbx names it with multi_panel=True
    first_pixel: tuple[int, int]  # (494, 212): fast, slow, in the whole image
    size_px: tuple[int, int]  # (487, 195)
    origin_mm: Vector  # outer corner of the first pixel
    fast_axis: Vector  # unit vector
    slow_axis: Vector  # unit vector


@dataclass(frozen=True, slots=True)
class Geometry:
    """A whole detector."""

    distance_mm: float  # from the crystal along the beam, before modules are moved
    beam_centre_px: tuple[float, float]  # the pixel the beam would hit, before modules are moved
    panels: tuple[Panel, ...]  # row by row


def rotation_matrix(axis: Vector, angle_rad: float) -> Floats:
    """Return the right-handed rotation about a unit vector, shape (3, 3), for column vectors."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: Floats = np.eye(3) + np.sin(angle_rad) * cross + (1.0 - np.cos(angle_rad)) * cross @ cross
    return rotation


def header_beam_centre_px(plan: DetectorPlan) -> tuple[float, float]:
    """Return the beam centre (fast, slow) that the header gives."""
    if plan.beam_centre_px is not None:
        return plan.beam_centre_px
    width, height = image_size_px(plan.model)
    return (width / 2.0, height / 2.0)


def header_geometry(plan: DetectorPlan) -> Geometry:
    """Return the detector as its images' headers describe it."""
    still = np.zeros((len(module_offsets_px(plan.model)), 3))
    return _geometry(plan.model, plan.distance_mm, header_beam_centre_px(plan), (0.0, 0.0), still)


def true_geometry(plan: DetectorPlan, seed: int) -> Geometry:
    """Return the detector as it stands.

    Parameters
    ----------
    plan
        What the header says and by how much it errs.
    seed
        Of the collection: the shifts and rotations of modules and groups are drawn from it where the detector
        has no seed of its own. Their mean is taken off, so that distance and beam centre keep their meaning.
    """
    header = header_beam_centre_px(plan)
    centre = (header[0] + plan.beam_offset_px[0], header[1] + plan.beam_offset_px[1])
    seed = seed if plan.seed is None else plan.seed
    moves = stream(seed, Stream.MODULES).standard_normal((len(module_offsets_px(plan.model)), 3))
    moves -= moves.mean(axis=0)
    shift_mm = plan.module_shift_rms_um / 1000.0
    moves *= (shift_mm, shift_mm, plan.module_rotation_rms_mrad / 1000.0)
    moves[:, :2] += _group_shifts_mm(plan, seed)
    return _geometry(plan.model, plan.distance_mm + plan.distance_offset_mm, centre, plan.tilt_mrad, moves)


def module_groups(plan: DetectorPlan) -> list[tuple[int, ...]]:
    """Return the modules' places, group by group; all in one group where the plan has none."""
    count, along_fast = len(module_offsets_px(plan.model)), modules_of(plan.model)[0]
    step = along_fast * plan.group_rows or count
    return [tuple(range(first, min(first + step, count))) for first in range(0, count, step)]


def _group_shifts_mm(plan: DetectorPlan, seed: int) -> Floats:
    """Return each module's shift with its group, along fast and slow, shape (modules, 2); their mean is 0."""
    groups = module_groups(plan)
    drawn = stream(seed, Stream.GROUPS).standard_normal((len(groups), 2))
    shifts_mm = np.repeat(drawn * plan.group_shift_rms_um / 1000.0, [len(group) for group in groups], axis=0)
    return np.asarray(shifts_mm - shifts_mm.mean(axis=0))


def _geometry(
    model: str,
    distance_mm: float,
    centre_px: tuple[float, float],
    tilt_mrad: tuple[float, float],
    moves: Floats,
) -> Geometry:
    """Build a detector; `moves` has a row per module: shift along fast, slow (mm), rotation (rad)."""
    tilt = rotation_matrix((0.0, 1.0, 0.0), tilt_mrad[1] / 1000.0) @ rotation_matrix(
        (1.0, 0.0, 0.0), tilt_mrad[0] / 1000.0
    )
    axes = np.stack([tilt @ (1.0, 0.0, 0.0), tilt @ (0.0, -1.0, 0.0)])
    hit = np.array([0.0, 0.0, -distance_mm])
    offsets = module_offsets_px(model)
    panels = tuple(
        _panel(i, offsets[i], hit, np.array(centre_px), axes, moves[i]) for i in range(len(offsets))
    )
    return Geometry(distance_mm, centre_px, panels)


def _panel(
    index: int, first_pixel: tuple[int, int], hit: Floats, centre_px: Floats, axes: Floats, move: Floats
) -> Panel:
    """Place one module; `axes` holds the detector's fast and slow axes as rows."""
    half_mm = np.array(MODULE_PX) * PIXEL_MM / 2.0
    middle = hit + ((np.array(first_pixel) - centre_px) * PIXEL_MM + half_mm + move[:2]) @ axes
    normal = np.cross(axes[0], axes[1])
    turned = axes @ rotation_matrix((normal[0], normal[1], normal[2]), float(move[2])).T
    return Panel(
        f"Panel{index}",
        first_pixel,
        MODULE_PX,
        to_vector(middle - half_mm @ turned),
        to_vector(turned[0]),
        to_vector(turned[1]),
    )


def to_vector(values: Floats) -> Vector:
    """Return an array of the shape (3,) as a tuple."""
    return (float(values[0]), float(values[1]), float(values[2]))


def pixel_positions_mm(panel: Panel) -> Floats:
    """Return the centres of a module's pixels in the laboratory frame, shape (slow, fast, 3), mm."""
    fast = (np.arange(panel.size_px[0]) + 0.5) * PIXEL_MM
    slow = (np.arange(panel.size_px[1]) + 0.5) * PIXEL_MM
    positions: Floats = (
        np.array(panel.origin_mm)
        + fast[None, :, None] * np.array(panel.fast_axis)
        + slow[:, None, None] * np.array(panel.slow_axis)
    )
    return positions


def highest_resolution_angstrom(geometry: Geometry, wavelength_angstrom: float) -> float:
    """Return the d-spacing that the furthest corner of the detector reaches (Bragg's law)."""
    half_angles = []
    for panel in geometry.panels:
        edges = np.array(panel.size_px) * PIXEL_MM
        axes = np.stack([panel.fast_axis, panel.slow_axis])
        corners = panel.origin_mm + (np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * edges) @ axes
        half_angles.append(np.arctan2(np.hypot(corners[:, 0], corners[:, 1]), -corners[:, 2]).max() / 2.0)
    return float(wavelength_angstrom / (2.0 * np.sin(max(half_angles))))
