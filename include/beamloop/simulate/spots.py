"""Spots of one sweep: where they fall on the modules, how bright, how wide."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from beamloop.simulate.arrays import Floats, Indices, Ints
from beamloop.simulate.crystal import Crystal
from beamloop.simulate.diffraction import SMALLEST_ZETA, Flashes, flashes
from beamloop.simulate.geometry import Geometry, Panel
from beamloop.simulate.intensities import ReflectionList
from beamloop.simulate.pilatus import PIXEL_MM, absorption_depth_mm, silicon_attenuation_per_mm
from beamloop.simulate.plan import CollectionPlan

# A spot is drawn to this many standard deviations; 6e-5 of its counts lie beyond.
REACH_SIGMA = 4.0
# A spot whose centre lies this far outside a module still sends its tail into it.
MARGIN_PX = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """All spots of a sweep, a row each; a spot in a gap has a row for each module that its tail may reach."""

    hkl: Ints  # (n, 3)
    panel: Indices  # (n,), index of the module
    x_px: Floats  # (n,), along fast in the whole image, parallax included
    y_px: Floats  # (n,), along slow
    phi_deg: Floats  # (n,), centre of the rocking curve
    photons: Floats  # (n,), mean counts of the whole reflection
    sigma_px: Floats  # (n,), of the round spot
    sigma_phi_deg: Floats  # (n,), of the rocking curve

    def __len__(self) -> int:
        return len(self.panel)


def predict_spots(
    plan: CollectionPlan, crystal: Crystal, reflections: ReflectionList, geometry: Geometry, sweep_index: int
) -> Spots:
    """Predict the spots of one sweep on the true detector.

    Parameters
    ----------
    plan, sweep_index
        The collection and which of its sweeps.
    crystal
        As drawn for this sweep.
    reflections
        Of the sample, to beyond the detector's corner.
    geometry
        The true one.
    """
    sweep, beam, sample = plan.sweeps[sweep_index], plan.beam, plan.crystal
    reach_deg = REACH_SIGMA * sample.sigma_mosaicity_deg / SMALLEST_ZETA
    seen = flashes(
        reflections.hkl,
        crystal.a_matrix,
        beam.wavelength_angstrom,
        sweep.start_angle_deg - reach_deg,
        sweep.start_angle_deg + sweep.images * plan.oscillation_deg + reach_deg,
        beam.polarization_fraction,
    )
    hkl = reflections.hkl[seen.index]
    inverse_d2 = np.sum((hkl @ crystal.a_matrix.T) ** 2, axis=1)
    photons = (
        crystal.photons
        * reflections.normalized_intensity[seen.index]
        * np.exp(-0.5 * sample.b_factor_a2 * inverse_d2)
        * seen.lorentz_polarization
    )
    parts = [
        _on_panel(plan, seen, hkl, photons, number, panel) for number, panel in enumerate(geometry.panels)
    ]
    return join_spots(parts)


def join_spots(parts: Sequence[Spots]) -> Spots:
    """Put the spots of several panels or crystals into one table, in their order."""
    return Spots(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Spots)))


def _on_panel(
    plan: CollectionPlan, seen: Flashes, hkl: Ints, photons: Floats, number: int, panel: Panel
) -> Spots:
    x_mm, y_mm, path_mm = _intersect(seen.ray, panel, plan.beam.wavelength_angstrom)
    x_px, y_px = x_mm / PIXEL_MM, y_mm / PIXEL_MM
    width, height = panel.size_px
    keep = np.flatnonzero(
        (path_mm > 0)
        & (np.abs(x_px - width / 2) < width / 2 + MARGIN_PX)
        & (np.abs(y_px - height / 2) < height / 2 + MARGIN_PX)
    )
    return Spots(
        hkl=hkl[keep],
        panel=np.full(len(keep), number, dtype=np.int64),
        x_px=x_px[keep] + panel.first_pixel[0],
        y_px=y_px[keep] + panel.first_pixel[1],
        phi_deg=seen.phi_deg[keep],
        photons=photons[keep],
        sigma_px=path_mm[keep] * np.radians(plan.beam.sigma_divergence_deg) / PIXEL_MM,
        sigma_phi_deg=plan.crystal.sigma_mosaicity_deg / np.abs(seen.zeta[keep]),
    )


def _intersect(ray: Floats, panel: Panel, wavelength_angstrom: float) -> tuple[Floats, Floats, Floats]:
    """Return where rays count in a module (fast, slow; mm from its origin) and the path to its surface (mm).

    Rays that run away from the module get a path of -1.
    """
    fast, slow, origin = np.array(panel.fast_axis), np.array(panel.slow_axis), np.array(panel.origin_mm)
    normal = np.cross(fast, slow)
    if normal @ origin < 0:
        normal = -normal
    cosine = ray @ normal
    towards = cosine > 1e-6
    cosine = np.where(towards, cosine, 1.0)
    path_mm = (normal @ origin) / cosine
    at_surface = path_mm[:, None] * ray - origin
    depth_mm = absorption_depth_mm(silicon_attenuation_per_mm(wavelength_angstrom), cosine)
    x_mm = at_surface @ fast + depth_mm * (ray @ fast)
    y_mm = at_surface @ slow + depth_mm * (ray @ slow)
    return x_mm, y_mm, np.where(towards, path_mm, -1.0)
