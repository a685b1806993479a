"""Which environment variables a DIALS program sees: an allow-list, so that no secret passes."""

import importlib.util
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

PASSED = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
    # What an install of DIALS outside the system's folders needs.
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "LIBTBX_BUILD",
)

FILTERS = "HDF5_PLUGIN_PATH"  # the caller's come first

FIXED = {
    "MPLBACKEND": "Agg",  # no display on a processing machine
    "PYTHONNOUSERSITE": "1",  # a person's own packages must not change results
    "OMP_NUM_THREADS": "1",  # the pool counts one CPU for one program
    "OPENBLAS_NUM_THREADS": "1",
    "HDF5_USE_FILE_LOCKING": "FALSE",  # network file systems hang or fail on locks
}


def program_environment(
    extra: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables for one program.

    Parameters
    ----------
    extra
        What this one program needs beside the allow-list; wins over everything else.
    environment
        The caller's variables.
    """
    passed = {name: environment[name] for name in PASSED if name in environment}
    filters = ":".join(filter(None, (environment.get(FILTERS), filter_folder())))
    return passed | {FILTERS: filters} | FIXED | dict(extra)


@cache
def filter_folder() -> str:
    """Return the folder of the filters for HDF5 that come with Beamloop (bitshuffle, LZ4, Zstandard, ...).

    They are found without being imported, which would load h5py. HDF5 of any version loads them, also the
    one of Debian's DIALS, for which Debian has no bitshuffle without all of Open MPI.
    """
    found = importlib.util.find_spec("hdf5plugin")
    places = found.submodule_search_locations if found else None
    return str(Path(places[0]) / "plugins") if places else ""
