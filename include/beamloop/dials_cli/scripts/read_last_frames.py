"""Read one frame of every data set of images in some HDF5 files, as DIALS would.

Run by the DIALS Python: `python read_last_frames.py FILE...`. Prints a JSON object of what is wrong, by file:
{"x_data_000001.h5": "..."}. A filter that is not installed, or a format of HDF5 newer than this one, shows
here; through a virtual data set it would show as an image without a count.
"""

import json
import sys

import h5py


def read_last_frame(name, found):
    """Read the last frame of a data set, for the sake of the error."""
    if isinstance(found, h5py.Dataset) and found.ndim > 2 and found.shape[0] and not found.is_virtual:
        found[-1]


faults = {}
for path in sys.argv[1:]:
    try:
        with h5py.File(path, "r", swmr=True) as file:
            file.visititems(read_last_frame)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        faults[path] = str(error).strip("'\"")
print(json.dumps(faults))
