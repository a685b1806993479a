"""Counts between the spots: air, solvent, and the Poisson noise of a photon counter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamloop.errors import InvalidInputError
from beamloop.simulate.arrays import Floats, Indices, Ints
from beamloop.simulate.geometry import Geometry, pixel_positions_mm
from beamloop.simulate.plan import BackgroundPlan

# A draw is one 16-bit random number looked up in a table: ten times faster than numpy's Poisson.
# Means are rounded to 128 levels, a few per cent apart, probabilities to 1/65536: the tail ends at 4.2 sigma.
LEVELS = 128
DRAWS = 65536
HIGHEST_MEAN = 180.0  # 5.5 standard deviations above it lies 254, and the table holds bytes
GAP_VALUE = -1  # what DECTRIS writes where there is no pixel
SOLVENT_RING_ANGSTROM = 3.3
SOLVENT_RING_WIDTH = 0.045  # 1 sigma in 1/d, 1/angstrom
AIR_FALL_OFF = 0.1  # 1/angstrom: air scatter is down to 1/e at 10 A
BEAMSTOP_LEAK = 0.02  # share of the background that is left in the beam stop's shadow


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundSampler:
    """Draws images without spots."""

    table: NDArray[np.uint8]  # (LEVELS * DRAWS,), counts for each level and random number
    level_start: Ints  # (pixels,), where each pixel's level starts in the table
    gaps: Indices  # numbers of the pixels that do not exist

    def draw(self, random: np.random.Generator) -> Ints:
        """Return one image, flat, shape (pixels,), counts; gaps hold `GAP_VALUE`."""
        dice = random.integers(0, DRAWS, len(self.level_start), dtype=np.uint16)
        counts: Ints = self.table.take(self.level_start + dice).astype(np.int32)
        counts[self.gaps] = GAP_VALUE
        return counts


def background_sampler(
    plan: BackgroundPlan, geometry: Geometry, wavelength_angstrom: float, size_px: tuple[int, int]
) -> BackgroundSampler:
    """Prepare to draw backgrounds for one detector.

    Parameters
    ----------
    plan
        Mean counts.
    geometry
        The true one.
    wavelength_angstrom
        Of the beam.
    size_px
        Of the whole image: fast, slow.

    Raises
    ------
    InvalidInputError
        When the background is too strong for the table's bytes.
    """
    width, height = size_px
    mean = np.full((height, width), np.nan)
    for panel in geometry.panels:
        x, y = panel.first_pixel
        mean[y : y + panel.size_px[1], x : x + panel.size_px[0]] = _mean_counts(
            plan, pixel_positions_mm(panel), wavelength_angstrom
        )
    if np.nanmax(mean) > HIGHEST_MEAN:
        raise InvalidInputError(
            f"A background of {np.nanmax(mean):g} counts is more than the simulator can draw.",
            try_next=f"Keep the sum of the background's counts under {HIGHEST_MEAN:g} a pixel.",
        )
    flat = mean.ravel()
    gaps = np.flatnonzero(np.isnan(flat))
    levels = np.geomspace(max(np.nanmin(flat), 1e-3), max(np.nanmax(flat), 2e-3), LEVELS)
    nearest = np.searchsorted(np.sqrt(levels[1:] * levels[:-1]), np.nan_to_num(flat, nan=levels[0]))
    return BackgroundSampler(_inverse_poisson(levels), (nearest * DRAWS).astype(np.int32), gaps)


def _mean_counts(plan: BackgroundPlan, positions_mm: Floats, wavelength_angstrom: float) -> Floats:
    """Return the mean counts of pixels at positions of shape (..., 3)."""
    radius_mm = np.hypot(positions_mm[..., 0], positions_mm[..., 1])
    inverse_d = 2.0 * np.sin(np.arctan2(radius_mm, -positions_mm[..., 2]) / 2.0) / wavelength_angstrom
    from_ring = (inverse_d - 1.0 / SOLVENT_RING_ANGSTROM) / SOLVENT_RING_WIDTH
    mean = (
        plan.air_counts * np.exp(-inverse_d / AIR_FALL_OFF)
        + plan.solvent_counts * np.exp(-0.5 * from_ring**2)
        + plan.flat_counts
    )
    shaded: Floats = np.where(radius_mm < plan.beamstop_radius_mm, BEAMSTOP_LEAK * mean, mean)
    return shaded


def _inverse_poisson(means: Floats) -> NDArray[np.uint8]:
    """Tabulate the inverse of Poisson's cumulative distribution, `DRAWS` entries for each mean."""
    counts = np.arange(256)
    logarithm = -means[:, None] + counts * np.log(means)[:, None] - _log_factorial(counts)
    upto = np.round(np.cumsum(np.exp(logarithm), axis=1) * DRAWS).astype(np.int64)
    upto[:, -1] = DRAWS
    occurrences = np.diff(upto, axis=1, prepend=0)
    return np.repeat(np.tile(counts, len(means)), occurrences.ravel()).astype(np.uint8)


def _log_factorial(counts: Indices) -> Floats:
    logarithms: Floats = np.cumsum(np.log(np.maximum(counts, 1)))
    return logarithms
