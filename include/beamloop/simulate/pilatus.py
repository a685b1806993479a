"""Pilatus detectors: modules, gaps, sensor, and the way an oblique ray reaches a pixel."""

from typing import Final

import numpy as np

from beamloop.errors import InvalidInputError
from beamloop.simulate.arrays import Floats

PIXEL_MM: Final = 0.172
SENSOR_MM: Final = 0.320
MODULE_PX: Final = (487, 195)  # fast, slow
GAP_PX: Final = (7, 17)  # between modules, fast and slow
MODULE_STEP_PX: Final = (MODULE_PX[0] + GAP_PX[0], MODULE_PX[1] + GAP_PX[1])
COUNT_CUTOFF: Final = 1048500  # the 20-bit counter's limit, as DECTRIS writes it
MODULES: Final = {"300K": (1, 3), "1M": (2, 5), "2M": (3, 8), "6M": (5, 12)}  # along fast, along slow

# Source: NIST, J. H. Hubbell and S. M. Seltzer, X-Ray Mass Attenuation Coefficients, table 3, silicon:
# photon energy in keV, mass attenuation coefficient in cm2/g. DIALS uses the same table.
_ENERGY_KEV: Final = (4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0)
_MASS_ATTENUATION_CM2_PER_G: Final = (452.9, 245.1, 147.0, 64.68, 33.89, 10.34, 4.464, 1.436)
_SILICON_G_PER_CM3: Final = 2.33
KEV_ANGSTROM: Final = 12.398419843  # h c


def modules_of(model: str) -> tuple[int, int]:
    """Return how many modules a detector has along fast and along slow.

    Raises
    ------
    InvalidInputError
        When there is no such model.
    """
    if model not in MODULES:
        raise InvalidInputError(
            f"There is no Pilatus model {model!r} to simulate.",
            try_next=f"Choose one of {', '.join(MODULES)}.",
        )
    return MODULES[model]


def image_size_px(model: str) -> tuple[int, int]:
    """Return the size of a whole image, fast and slow, in pixels: (981, 1043) for a 1M."""
    along_fast, along_slow = modules_of(model)
    step_fast, step_slow = MODULE_STEP_PX
    return (along_fast * step_fast - GAP_PX[0], along_slow * step_slow - GAP_PX[1])


def module_offsets_px(model: str) -> list[tuple[int, int]]:
    """Return the first pixel (fast, slow) of each module, row by row: the order of dxtbx's panels."""
    along_fast, along_slow = modules_of(model)
    step_fast, step_slow = MODULE_STEP_PX
    return [(i * step_fast, j * step_slow) for j in range(along_slow) for i in range(along_fast)]


def silicon_attenuation_per_mm(wavelength_angstrom: float) -> float:
    """Return the linear attenuation coefficient of silicon, per mm.

    Raises
    ------
    InvalidInputError
        Outside 0.42 to 3.0 angstrom, where the table has no values.
    """
    energy_kev = KEV_ANGSTROM / wavelength_angstrom
    if not _ENERGY_KEV[0] < energy_kev < _ENERGY_KEV[-1]:
        raise InvalidInputError(
            f"A wavelength of {wavelength_angstrom:g} A is outside the range of a silicon sensor.",
            try_next="Choose a wavelength between 0.42 and 3.0 A.",
        )
    logarithm = np.interp(np.log(energy_kev), np.log(_ENERGY_KEV), np.log(_MASS_ATTENUATION_CM2_PER_G))
    return float(np.exp(logarithm)) * _SILICON_G_PER_CM3 / 10.0


def absorption_depth_mm(attenuation_per_mm: float, cosine: Floats) -> Floats:
    """Return how far along its path a ray travels in the sensor before it counts, on average.

    Parameters
    ----------
    attenuation_per_mm
        Of silicon at the wavelength used.
    cosine
        Of the angle between ray and detector normal, shape (n,).

    Returns
    -------
    Floats
        Shape (n,), mm.

    Notes
    -----
    Source: dxtbx, `parallax_correction.h`, `attenuation_length`.
    """
    whole_path = SENSOR_MM / cosine
    inverse = 1.0 / attenuation_per_mm
    depth: Floats = inverse - (whole_path + inverse) * np.exp(-attenuation_per_mm * whole_path)
    return depth
