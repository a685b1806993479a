"""Spots that are no crystal's: salt, dust, the plate's plastic, zingers."""

import numpy as np

from beamloop.simulate.geometry import Geometry
from beamloop.simulate.pilatus import PIXEL_MM
from beamloop.simulate.plan import CollectionPlan
from beamloop.simulate.random_streams import Stream, stream
from beamloop.simulate.spots import Spots

# Of the faintest: about what the spot finder needs on the usual background, so that nearly all are found.
FAINTEST_PHOTONS = 80.0


def draw_stray_spots(plan: CollectionPlan, geometry: Geometry, sweep_index: int) -> Spots:
    """Draw a sweep's stray spots: anywhere on the modules, at any angle of the scan, as sharp as Bragg spots.

    Their photons beyond the faintest are exponentially distributed, with a mean of as much again.

    Parameters
    ----------
    plan, sweep_index
        The collection and which of its sweeps.
    geometry
        The true one.
    """
    sweep = plan.sweeps[sweep_index]
    count = sweep.stray_spots
    random = stream(plan.seed, Stream.STRAYS, sweep_index)
    panel = random.integers(0, len(geometry.panels), count)
    corner = np.array([p.first_pixel for p in geometry.panels])[panel]
    size = np.array([p.size_px for p in geometry.panels])[panel]
    place_px = corner + size * random.random((count, 2))
    sigma_px = geometry.distance_mm * np.radians(plan.beam.sigma_divergence_deg) / PIXEL_MM
    return Spots(
        hkl=np.zeros((count, 3), dtype=np.int32),
        panel=panel,
        x_px=place_px[:, 0],
        y_px=place_px[:, 1],
        phi_deg=sweep.start_angle_deg + sweep.images * plan.oscillation_deg * random.random(count),
        photons=FAINTEST_PHOTONS * (1.0 + random.exponential(size=count)),
        sigma_px=np.full(count, sigma_px),
        sigma_phi_deg=np.full(count, plan.crystal.sigma_mosaicity_deg),
    )
