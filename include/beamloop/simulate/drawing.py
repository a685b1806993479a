"""Mean counts of the spots that show on one image."""

import numpy as np

from beamloop.simulate.arrays import Floats, Indices, gaussian_between
from beamloop.simulate.geometry import Geometry
from beamloop.simulate.spots import REACH_SIGMA, Spots

# Spots with a lower mean on an image are not drawn: at most one in fifty of them would add a count.
FAINTEST_COUNTS = 0.02


def draw_spots(
    spots: Spots, geometry: Geometry, first_deg: float, last_deg: float, image_width_px: int
) -> tuple[Indices, Floats]:
    """Add up the spots of one image.

    Parameters
    ----------
    spots
        Of the whole sweep.
    geometry
        Whose modules cut spots off at their edges.
    first_deg, last_deg
        Rotation angles between which the image was exposed.
    image_width_px
        Pixels along fast of the whole image.

    Returns
    -------
    tuple
        Pixel numbers (slow * width + fast), each once, shape (m,), and their mean counts, shape (m,).
    """
    near = np.flatnonzero(
        np.abs(spots.phi_deg - 0.5 * (first_deg + last_deg))
        < 0.5 * (last_deg - first_deg) + REACH_SIGMA * spots.sigma_phi_deg
    )
    share = gaussian_between(
        np.array(first_deg), np.array(last_deg), spots.phi_deg[near], spots.sigma_phi_deg[near]
    )
    counts = spots.photons[near] * share
    near, counts = near[counts > FAINTEST_COUNTS], counts[counts > FAINTEST_COUNTS]
    if len(near) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return _add_up(spots, geometry, near, counts, image_width_px)


def _add_up(
    spots: Spots, geometry: Geometry, which: Indices, counts: Floats, image_width_px: int
) -> tuple[Indices, Floats]:
    sigma = spots.sigma_px[which]
    half = int(np.ceil(REACH_SIGMA * sigma.max()))
    panel = spots.panel[which]
    corner = np.array([p.first_pixel for p in geometry.panels])[panel]
    size = np.array([p.size_px for p in geometry.panels])[panel]
    x, x_share = _profile(spots.x_px[which], sigma, half, corner[:, 0], size[:, 0])
    y, y_share = _profile(spots.y_px[which], sigma, half, corner[:, 1], size[:, 1])
    number = y[:, :, None] * image_width_px + x[:, None, :]
    mean = counts[:, None, None] * y_share[:, :, None] * x_share[:, None, :]
    touched = mean > 0
    pixels, position = np.unique(number[touched], return_inverse=True)
    return pixels, np.bincount(position, weights=mean[touched]).astype(np.float64)


def _profile(
    centre_px: Floats, sigma_px: Floats, half: int, first_px: Indices, size_px: Indices
) -> tuple[Indices, Floats]:
    """Return pixel numbers and shares along one direction, shape (n, 2 half + 1); 0 outside the module."""
    pixels = np.floor(centre_px).astype(np.int64)[:, None] + np.arange(-half, half + 1)
    edges = np.concatenate([pixels, pixels[:, -1:] + 1], axis=1).astype(np.float64)
    shares = gaussian_between(edges[:, :-1], edges[:, 1:], centre_px[:, None], sigma_px[:, None])
    inside = (pixels >= first_px[:, None]) & (pixels < (first_px + size_px)[:, None])
    return pixels, np.where(inside, shares, 0.0)
