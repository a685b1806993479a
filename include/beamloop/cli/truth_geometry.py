"""A refined geometry beside the simulator's truth."""

from dataclasses import dataclass

import numpy as np

from beamloop.geometry.models import Document, beam_path_mm
from beamloop.geometry.panels import Panels, panel_moves, panels_of, rms_in_plane_um
from beamloop.simulate import Truth
from beamloop.simulate.geometry import Geometry


@dataclass(frozen=True, slots=True)
class GeometryError:
    """How far a geometry is off the truth."""

    distance_mm: float  # 0.021: its distance along its beam minus the true one
    # 3.3: of the modules' centres along fast or slow, the motion of the whole detector taken off. None for
    # a detector of one panel.
    modules_rms_um: float | None


def geometry_error(models: Document, truth: Truth) -> GeometryError:
    """Compare a geometry with the truth of the collection that it was refined from.

    Parameters
    ----------
    models
        An experiment list whose panels are the truth's modules in their order, or one panel.
    truth
        Of a collection at the same distance.
    """
    true, found = truth.detector.true, panels_of(models)
    distance_mm = beam_path_mm(models) - true.distance_mm
    if len(found.centres_mm) == 1:
        return GeometryError(distance_mm, None)
    return GeometryError(distance_mm, modules_rms_um(found, true_panels(truth.detector.true, truth)))


def header_modules_rms_um(truth: Truth) -> float:
    """Return how far the modules are off where the headers have them, as `GeometryError` counts it."""
    true, header = (true_panels(one, truth) for one in (truth.detector.true, truth.detector.header))
    return modules_rms_um(header, true)


def modules_rms_um(found: Panels, true: Panels) -> float:
    """Return the root mean square of the modules' errors along one axis in their plane, in um."""
    return rms_in_plane_um(panel_moves(true, found))


def true_panels(geometry: Geometry, truth: Truth) -> Panels:
    """Return simulated modules as panels; both are in the laboratory frame."""
    axes = np.array([[panel.fast_axis, panel.slow_axis] for panel in geometry.panels])
    sizes_mm = truth.detector.pixel_mm * np.array([panel.size_px for panel in geometry.panels], dtype=float)
    origins = np.array([panel.origin_mm for panel in geometry.panels])
    centres_mm = origins + np.einsum("pk,pkj->pj", sizes_mm / 2, axes)
    normals = np.cross(axes[:, 0], axes[:, 1])[:, None]
    return Panels(centres_mm, np.concatenate([axes, normals], axis=1), sizes_mm)
