"""Let sweeps of simulated images arrive image by image, as a beamline writes them."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path


def arrive(
    images: Path, simulated: str, directory: Path, sweep: str, numbers: Iterable[int], *, s_per_image: float
) -> None:
    """Let a sweep's images appear one by one, each whole at once; returns when the last one is there.

    Parameters
    ----------
    images
        The simulated images.
    simulated
        The simulated sweep, e.g. "xtal1_1".
    directory
        Where they appear; made if it is not there.
    sweep
        The sweep's name there, e.g. "w7_1".
    numbers
        Which images, in the order in which they appear.
    s_per_image
        Time from one image to the next, in seconds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for count, number in enumerate(numbers):
        if count:
            time.sleep(s_per_image)
        name = f"{sweep}_{number:05d}.cbf"
        # Hidden until whole. A copy: a hard link would change the times of all its other names.
        shutil.copyfile(images / f"{simulated}_{number:05d}.cbf", directory / f".{name}")
        os.rename(directory / f".{name}", directory / name)
