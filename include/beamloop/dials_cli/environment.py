"""Which environment variables a DIALS program sees: an allow-list, so that no secret passes."""

import os
from collections.abc import Mapping

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
    "HDF5_PLUGIN_PATH",
    "HDF5_USE_FILE_LOCKING",
)

FIXED = {
    "MPLBACKEND": "Agg",  # no display on a processing machine
    "PYTHONNOUSERSITE": "1",  # a person's own packages must not change results
    "OMP_NUM_THREADS": "1",  # the pool counts one CPU for one program
    "OPENBLAS_NUM_THREADS": "1",
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
    return passed | FIXED | dict(extra)
