"""When and where reflections flash: the rotation method, solved for all reflections at once."""

from dataclasses import dataclass

import numpy as np

from beamloop.simulate.arrays import Flags, Floats, Indices, Ints

ROTATION_AXIS = np.array([1.0, 0.0, 0.0])
BEAM_DIRECTION = np.array([0.0, 0.0, -1.0])  # of travel
POLARIZATION_NORMAL = np.array([0.0, 1.0, 0.0])  # the electric vector lies across it
# Reflections closer to the spindle than this are left out: they flash for many degrees, and DIALS does not
# integrate them either (its filter.min_zeta).
SMALLEST_ZETA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Flashes:
    """Reflections as they cross the Ewald sphere, one row a crossing."""

    index: Indices  # (n,), row of the reflection in the list given
    phi_deg: Floats  # (n,), rotation angle of the crossing
    ray: Floats  # (n, 3), unit vector of the diffracted beam, laboratory frame
    zeta: Floats  # (n,), how squarely it crosses: phi_width = mosaic width / zeta
    lorentz_polarization: Floats  # (n,), recorded over true intensity


def crossings(
    hkl: Ints, a_matrix: Floats, wavelength_angstrom: float, first_deg: float, last_deg: float
) -> tuple[Indices, Floats, Floats]:
    """Find the rotation angles at which reflections lie on the Ewald sphere.

    Parameters
    ----------
    hkl
        Indices, shape (n, 3).
    a_matrix
        U B at angle 0, laboratory frame, shape (3, 3), 1/angstrom.
    wavelength_angstrom
        Of the beam.
    first_deg, last_deg
        Range of rotation angles.

    Returns
    -------
    tuple
        Row in `hkl`, shape (m,); angle in degrees, shape (m,); the rotated vectors, shape (m, 3), 1/angstrom.

    Notes
    -----
    With r the vector at angle 0, m the axis, s0 the beam: |r|^2 + 2 s0.R(phi)r = 0 becomes
    u cos(phi) + v sin(phi) = w, where u = s0.(r - m(m.r)), v = s0.(m x r), w = -|r|^2/2 - (s0.m)(m.r).
    Source: W. Kabsch, J. Appl. Cryst. 21 (1988) 916.
    """
    s0 = BEAM_DIRECTION / wavelength_angstrom
    r = hkl @ a_matrix.T
    along = r @ ROTATION_AXIS
    u = (r - along[:, None] * ROTATION_AXIS) @ s0
    v = np.cross(ROTATION_AXIS, r) @ s0
    w = -0.5 * np.einsum("ij,ij->i", r, r) - along * (ROTATION_AXIS @ s0)
    amplitude = np.hypot(u, v)
    rows = np.flatnonzero((np.abs(w) < amplitude) & (amplitude > 0))
    middle = np.arctan2(v[rows], u[rows])
    half = np.arccos(w[rows] / amplitude[rows])
    angles = np.degrees(np.concatenate([middle - half, middle + half]))
    index, phi_deg = _within(np.concatenate([rows, rows]), angles, first_deg, last_deg)
    return index, phi_deg, _rotated(r[index], phi_deg)


def _within(rows: Indices, angles: Floats, first_deg: float, last_deg: float) -> tuple[Indices, Floats]:
    """Repeat angles every turn and keep those in the range."""
    angles = first_deg + (angles - first_deg) % 360.0
    turns = int((last_deg - first_deg) // 360.0) + 1
    every = np.concatenate([angles + 360.0 * turn for turn in range(turns)])
    inside = every <= last_deg
    return np.tile(rows, turns)[inside], every[inside]


def _rotated(vectors: Floats, angle_deg: Floats) -> Floats:
    """Rotate each vector by its own angle about the rotation axis (Rodrigues)."""
    cosine, sine = np.cos(np.radians(angle_deg))[:, None], np.sin(np.radians(angle_deg))[:, None]
    along = (vectors @ ROTATION_AXIS)[:, None] * ROTATION_AXIS
    turned: Floats = along + cosine * (vectors - along) + sine * np.cross(ROTATION_AXIS, vectors)
    return turned


def flashes(
    hkl: Ints,
    a_matrix: Floats,
    wavelength_angstrom: float,
    first_deg: float,
    last_deg: float,
    polarization_fraction: float,
) -> Flashes:
    """Predict all reflections that flash in a range of rotation angles.

    Parameters
    ----------
    hkl, a_matrix, wavelength_angstrom, first_deg, last_deg
        As for `crossings`.
    polarization_fraction
        1 when the electric vector lies along x entirely.

    Notes
    -----
    Source: W. Kabsch, Acta Cryst. D66 (2010) 133: zeta, Lorentz factor and polarisation.
    """
    index, phi_deg, vector = crossings(hkl, a_matrix, wavelength_angstrom, first_deg, last_deg)
    ray = vector * wavelength_angstrom + BEAM_DIRECTION
    ray /= np.linalg.norm(ray, axis=1)[:, None]
    across = np.cross(ray, BEAM_DIRECTION)
    volume = across @ ROTATION_AXIS
    zeta = volume / np.linalg.norm(across, axis=1)
    keep: Flags = np.abs(zeta) >= SMALLEST_ZETA
    polarization = _polarization(ray[keep], polarization_fraction)
    return Flashes(index[keep], phi_deg[keep], ray[keep], zeta[keep], polarization / np.abs(volume[keep]))


def _polarization(ray: Floats, fraction: float) -> Floats:
    factor: Floats = (1.0 - 2.0 * fraction) * (1.0 - (ray @ POLARIZATION_NORMAL) ** 2) + fraction * (
        1.0 + (ray @ BEAM_DIRECTION) ** 2
    )
    return factor
