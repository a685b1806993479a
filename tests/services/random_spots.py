"""A spot list of no crystal at all: what every lattice search must refuse."""

from pathlib import Path

import msgpack
import numpy as np

from beamloop.dials_cli.reflection_table import FILE_TYPE, FORMAT_VERSION, Flag


def write_random_spots(target: Path, count: int, image_count: int, size_px: tuple[int, int]) -> None:
    """Write spots with random places as dials.find_spots writes them, without shoeboxes.

    Parameters
    ----------
    target
        The strong.refl to write.
    count
        How many spots.
    image_count
        Over how many images.
    size_px
        Of the only panel, fast and slow.
    """
    random = np.random.default_rng(count)
    place = random.uniform((0, 0, 0.5), (*size_px, image_count - 0.5), (count, 3))
    pixel = np.floor(place)
    low, high = pixel - np.array([2, 2, 0]), pixel + np.array([3, 3, 1])
    intensity = random.exponential(100.0, count) + 20.0
    columns = {
        "bbox": ("int6", np.stack([low, high], axis=2).reshape(count, 6).astype("<i4")),
        "flags": ("std::size_t", np.full(count, int(Flag.STRONG), dtype="<u8")),
        "id": ("int", np.zeros(count, dtype="<i4")),
        "intensity.sum.value": ("double", intensity),
        "intensity.sum.variance": ("double", intensity),
        "panel": ("std::size_t", np.zeros(count, dtype="<u8")),
        "xyzobs.px.value": ("vec3<double>", place),
        "xyzobs.px.variance": ("vec3<double>", np.full((count, 3), 0.05)),
    }
    data = {name: [kind, [count, values.tobytes()]] for name, (kind, values) in columns.items()}
    table = {"identifiers": {}, "nrows": count, "data": data}
    target.write_bytes(msgpack.packb([FILE_TYPE, FORMAT_VERSION, table]))
