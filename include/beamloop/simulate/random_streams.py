"""Independent random numbers for each purpose, sweep and image.

Nothing depends on the order in which sweeps and images are made, or by how many processes.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are used for. The values enter the seed: changing one changes every image."""

    INTENSITIES = 1
    MODULES = 2
    CRYSTAL = 3
    NOISE = 4
    STRAYS = 5
    GROUPS = 6


def stream(seed: int, purpose: Stream, *which: int) -> np.random.Generator:
    """Return a generator for one purpose, e.g. `stream(7, Stream.NOISE, sweep_index, image_number)`."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, purpose, *which))))
