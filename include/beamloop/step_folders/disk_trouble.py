"""The file system's errors in Beamloop's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beamloop.errors import DiskFullError, TransientError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_trouble_named(run_root: Path) -> Iterator[None]:
    """Translate what the system says of the disk that holds the run directories.

    Raises
    ------
    TransientError
        For every OSError; DiskFullError where there is no room.
    """
    try:
        yield
    except OSError as error:
        raise _disk_trouble(error, run_root) from error


def _disk_trouble(error: OSError, run_root: Path) -> TransientError:
    if error.errno in NO_ROOM:
        return DiskFullError(
            f"The disk of {run_root} is full.",
            evidence=f"`df {run_root}`",
            try_next="Make room; the step is tried again by itself.",
        )
    return TransientError(
        f"The file system refused: {error.strerror or error} ({error.filename}).",
        evidence=f"`df {run_root}`, and the kernel's log",
        try_next="Check that the run directory is mounted and may be written; the step is tried again.",
    )
