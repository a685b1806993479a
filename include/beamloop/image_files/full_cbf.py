"""What a full CBF's header tells of the whole scan."""

from pathlib import Path

import gemmi

from beamloop.image_files.compression import read_beginning
from beamloop.image_files.faults import ImageFaultError
from beamloop.image_files.opening import open_image

HEADER_BYTES = 32768
PIXELS = b"\n_array_data.data"
ARRAYS = b"_diffrn_data_frame.array_id"
PIXELS_OF_ARRAYS = b"\n_array_data."


def has_several_arrays(header: bytes) -> bool:
    """Tell whether a full CBF keeps its pixels in several arrays, as a module's each.

    Parameters
    ----------
    header
        The beginning of the file, to the first pixels at least.

    Source: `_diffrn_data_frame` of the imgCIF dictionary, a row for each array.
    """
    if ARRAYS not in header:  # a mini-CBF says nothing of arrays
        return False
    tables = header.partition(PIXELS_OF_ARRAYS)[0].rstrip().removesuffix(b"loop_")
    try:
        block = gemmi.cif.read_string(tables.decode("ascii", "replace")).sole_block()
    except (ValueError, IndexError, RuntimeError):
        return False
    return len(set(block.find_values(ARRAYS.decode()))) > 1


def frames_in_scan(path: Path) -> int | None:
    """Return how many images a sweep will have, as its first one says, or None.

    A mini-CBF does not say. Beamlines that fill a template write 1 for every image; that counts as nothing
    said.

    Parameters
    ----------
    path
        Any image of the sweep; may be incomplete or no CBF at all.

    Source: `_diffrn_scan.frames` of the imgCIF dictionary.
    """
    try:
        with open_image(path) as file:
            header = read_beginning(file, path.name, HEADER_BYTES)
        block = gemmi.cif.read_string(header.partition(PIXELS)[0].decode("ascii", "replace")).sole_block()
        counts = [int(value) for value in block.find_values("_diffrn_scan.frames")]
    except (OSError, ImageFaultError, ValueError, IndexError, RuntimeError):
        return None
    return counts[0] if len(counts) == 1 and counts[0] > 1 else None
