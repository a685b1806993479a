"""Names for the array types of this package, and the error function that numpy lacks."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


def error_function(x: Floats) -> Floats:
    """Return erf(x), element by element and of the same shape, within 1.5e-7.

    Notes
    -----
    Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 7.1.26.
    """
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    value: Floats = np.copysign(1.0 - series * np.exp(-(x**2)), x)
    return value


def gaussian_between(lower: Floats, upper: Floats, mean: Floats, sigma: Floats) -> Floats:
    """Return the share of a normal distribution between two bounds; shapes broadcast, one unit for all."""
    width = sigma * np.sqrt(2.0)
    share: Floats = 0.5 * (error_function((upper - mean) / width) - error_function((lower - mean) / width))
    return share
