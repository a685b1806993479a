"""Where the panels of a detector stand, and by how much they differ between two geometries.

Frame: DIALS's laboratory frame, lengths in mm, the sample at the origin. A panel's own frame: its fast axis,
its slow axis, and their cross product, the normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.detector import Matrix, panel_poses
from beamloop.geometry.models import Document, beam_direction, beam_path_mm

# Four quadrants that are turned by 90 degrees each, as a CSPAD's, have no mean fast axis at all.
LEAST_MEAN_AXIS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Panels:
    """The panels of a detector."""

    centres_mm: Matrix  # (panels, 3), laboratory frame
    axes: Matrix  # (panels, 3, 3), fast, slow and normal as rows
    sizes_mm: Matrix  # (panels, 2), along fast and slow


@dataclass(frozen=True, slots=True, eq=False)
class PanelMoves:
    """By how much panels differ, a rigid motion of all of them taken off."""

    shift_um: Matrix  # (panels, 3), along fast, slow and normal of the panel
    rotation_mrad: Matrix  # (panels, 3), about fast, slow and normal of the panel


@dataclass(frozen=True, slots=True)
class WholeDetector:
    """A detector as one body, seen along its beam."""

    distance_mm: float  # 250.37, from the sample along the beam to the mean plane
    beam_fast_mm: float  # 1.31, from the mean of the panels' centres to where the beam meets the mean plane
    beam_slow_mm: float  # -0.42
    # By which right-handed turn about its own axis a plane square to the beam would stand as it does.
    tilt_fast_mrad: float  # 3.1, about the mean fast axis, see `mean_axes`
    tilt_slow_mrad: float  # -1.9, about the mean slow axis


def panels_of(document: Document) -> Panels:
    """Return the panels of a geometry, in the file's order."""
    detector = document["detector"][0]
    poses = np.array(panel_poses(detector))
    fast, slow, origin = poses[:, :, 0], poses[:, :, 1], poses[:, :, 2]
    sizes_mm = np.array(
        [np.array(panel["image_size"]) * np.array(panel["pixel_size"]) for panel in detector["panels"]]
    )
    centres_mm = origin + sizes_mm[:, :1] / 2 * fast + sizes_mm[:, 1:] / 2 * slow
    return Panels(centres_mm, np.stack([fast, slow, np.cross(fast, slow)], axis=1), sizes_mm)


def rigid_motion(points: Matrix, others: Matrix) -> tuple[Matrix, Matrix]:
    """Return the rotation R, shape (3, 3), and the shift t, shape (3,), for which R p + t is nearest to q.

    Parameters
    ----------
    points, others
        p and q, shape (n, 3), the same points; not all on one line.

    Notes
    -----
    Least squares by singular value decomposition. Source: W. Kabsch, Acta Cryst. A32 (1976) 922;
    S. Umeyama, IEEE Trans. PAMI 13 (1991) 376, for the sign.
    """
    mean, other_mean = points.mean(axis=0), others.mean(axis=0)
    left, _, right = np.linalg.svd((points - mean).T @ (others - other_mean))
    sign = np.sign(np.linalg.det(left @ right))
    rotation = (left @ np.diag([1.0, 1.0, sign]) @ right).T
    return rotation, other_mean - rotation @ mean


def panel_moves(before: Panels, after: Panels, fitted: NDArray[np.bool_] | None = None) -> PanelMoves:
    """Return how panels moved against each other.

    The rigid motion that takes the corners of the panels from before nearest to where they are after is
    taken off: distance, beam centre and tilts of the whole do not count.

    Parameters
    ----------
    before, after
        The same panels.
    fitted
        Which panels define the rigid motion, shape (panels,), bool; None: all.
    """
    rotation, shift = _motion_of_all(before, after, fitted)
    moved_mm = after.centres_mm - (before.centres_mm @ rotation.T + shift)
    axes = before.axes @ rotation.T
    # What is left turns the axes from before into those after: rows of both are the panels' vectors.
    turned = np.einsum("pij,pkj->pik", axes, after.axes)
    return PanelMoves(
        shift_um=1e3 * np.einsum("pij,pj->pi", axes, moved_mm),
        rotation_mrad=1e3 * np.array([_rotation_vector(matrix) for matrix in turned]),
    )


def group_moves(
    before: Panels,
    after: Panels,
    groups: Sequence[Sequence[int]],
    fitted: NDArray[np.bool_] | None = None,
) -> PanelMoves:
    """Return how groups of panels moved against each other, each as one body.

    Parameters
    ----------
    before, after, fitted
        As for :func:`panel_moves`; the same motion of the whole is taken off.
    groups
        Places of each group's panels, in the detector's order from 0.

    Returns
    -------
    PanelMoves
        By group: the shift of the mean of its panels' centres, and its turn, both along and about its own
        axes, see :func:`mean_axes`.
    """
    rotation, shift = _motion_of_all(before, after, fitted)
    shifts_um, rotations_mrad = [], []
    for group in groups:
        places = list(group)
        start = _corners_mm(before)[places].reshape(-1, 3) @ rotation.T + shift
        own, own_shift = rigid_motion(start, _corners_mm(after)[places].reshape(-1, 3))
        centre = start.mean(axis=0)
        axes = mean_axes(before, places) @ rotation.T
        shifts_um.append(1e3 * axes @ (own @ centre + own_shift - centre))
        rotations_mrad.append(1e3 * axes @ _rotation_vector(own))
    return PanelMoves(np.array(shifts_um), np.array(rotations_mrad))


def _motion_of_all(before: Panels, after: Panels, fitted: NDArray[np.bool_] | None) -> tuple[Matrix, Matrix]:
    chosen = np.ones(len(before.centres_mm), bool) if fitted is None else fitted
    return rigid_motion(_corners_mm(before)[chosen].reshape(-1, 3), _corners_mm(after)[chosen].reshape(-1, 3))


def mean_axes(panels: Panels, places: Sequence[int] | None = None) -> Matrix:
    """Return fast, slow and normal of some panels together, all where none is named, as rows, shape (3, 3).

    The normal is the mean of theirs, weighted with their areas; fast is the mean of theirs, square to it, or
    that of the first one where they point in all directions; slow is their cross product.
    """
    chosen = list(range(len(panels.sizes_mm))) if places is None else list(places)
    area = panels.sizes_mm[chosen].prod(axis=1)
    fast, _, normal = np.average(panels.axes[chosen], axis=0, weights=area)
    if np.linalg.norm(fast) < LEAST_MEAN_AXIS:
        fast = panels.axes[chosen[0], 0]
    normal = _unit(normal)
    fast = _unit(fast - (fast @ normal) * normal)
    return np.array([fast, np.cross(normal, fast), normal])


def _corners_mm(panels: Panels) -> Matrix:
    """Return the corners, shape (panels, 4, 3)."""
    half = panels.sizes_mm[:, None, :] / 2 * np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    return np.asarray(panels.centres_mm[:, None, :] + np.einsum("pck,pkj->pcj", half, panels.axes[:, :2]))


def _rotation_vector(matrix: Matrix) -> Matrix:
    """Return axis times angle in rad, shape (3,), of a small rotation whose columns are the turned axes."""
    return (
        np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]) / 2
    )


def rms_in_plane_um(moves: PanelMoves, chosen: NDArray[np.bool_] | None = None) -> float:
    """Return the root mean square of the shifts along fast and slow, in um: of one axis, not of the length.

    Shifts along the normal do not count: spots at small angles hardly see them.

    Parameters
    ----------
    moves
        Of panels or groups.
    chosen
        Which of them count, shape (panels,); None: all.
    """
    shifts = moves.shift_um[:, :2] if chosen is None else moves.shift_um[chosen, :2]
    return float(np.sqrt(np.mean(shifts**2)))


def whole_detector(document: Document) -> WholeDetector:
    """Return distance, beam centre and tilts of a geometry, the beam's direction counted in.

    Raises
    ------
    InvalidInputError
        When the beam never meets the detector's mean plane.
    """
    panels, beam = panels_of(document), beam_direction(document)
    area = panels.sizes_mm.prod(axis=1)
    centre = np.average(panels.centres_mm, axis=0, weights=area)
    fast, slow, normal = mean_axes(panels)
    path_mm = beam_path_mm(document)
    across = path_mm * beam - centre
    towards = beam @ normal
    return WholeDetector(
        distance_mm=path_mm,
        beam_fast_mm=float(across @ fast),
        beam_slow_mm=float(across @ slow),
        tilt_fast_mrad=1e3 * float(np.arctan(beam @ slow / towards)),
        tilt_slow_mrad=-1e3 * float(np.arctan(beam @ fast / towards)),
    )


def _unit(vector: Matrix) -> Matrix:
    return np.asarray(vector / np.linalg.norm(vector))
