"""Open HDF5 files that may be hostile, half copied or still being written, and stay inside them.

h5py is imported where it is used: it costs 0.15 s that other formats need not pay. Locks are not taken,
because network file systems hang or fail on them, and a reader's lock can stop a writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from beamloop.image_files.faults import CUT_SHORT, STILL_WRITTEN, ImageFaultError
from beamloop.image_files.opening import open_image

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Of soft links on the way to one object; more is a loop.
MOST_SOFT_LINKS = 16


@dataclass(frozen=True, slots=True)
class OpenHdf5:
    """An open file."""

    file: h5py.File
    still_written: bool  # a writer has it open, or died with it open


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object of another file, by an external link that was read and not followed."""

    file_name: str  # "xtal2_1_data_000001.h5", as the link has it
    path: str  # "/entry/data/data"


@contextmanager
def open_hdf5(path: Path) -> Iterator[OpenHdf5]:
    """Open a file for reading, without locks, and close it with all that was opened in it.

    Raises
    ------
    OSError
        When it is not there or may not be read.
    ImageFaultError
        When it is no HDF5 file, cut short, damaged, or being written in a way that nobody can read along.
    """
    with open_image(path) as beginning:
        if beginning.read(len(SIGNATURE)) != SIGNATURE:
            raise ImageFaultError("no HDF5 file")
    try:
        opened = _open(path)
        with opened.file:
            yield opened
    except OSError as error:
        if error.errno is not None:
            raise
        _explain(error)
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        _explain(error)


def _explain(error: Exception) -> NoReturn:
    fault = CUT_SHORT if "truncated file" in str(error) else "a damaged HDF5 file"
    raise ImageFaultError(fault) from error


def _open(path: Path) -> OpenHdf5:
    import h5py

    try:
        return OpenHdf5(h5py.File(path, "r", locking=False), still_written=False)
    except OSError as error:
        if "already open for" not in str(error):
            raise
    try:
        # Not at once: in this mode HDF5 does not look whether the file is as long as it should be.
        return OpenHdf5(h5py.File(path, "r", locking=False, swmr=True), still_written=True)
    except OSError as error:
        raise ImageFaultError(STILL_WRITTEN) from error


def find_own(file: h5py.File, path: str) -> h5py.Group | h5py.Dataset | Elsewhere | None:
    """Return an object of a file without ever following a link out of it.

    Parameters
    ----------
    file
        An open file.
    path
        From its root, e.g. "/entry/data/data".

    Returns
    -------
    h5py.Group, h5py.Dataset, Elsewhere or None
        Where an external link is on the way, what it says; None when there is no such object.
    """
    import h5py

    found, ahead, soft_links = file["/"], path.split("/"), 0
    while ahead:
        name = ahead.pop(0)
        if name in ("", "."):
            continue
        link = found.get(name, getlink=True) if isinstance(found, h5py.Group) else None
        if isinstance(link, h5py.ExternalLink):
            return Elsewhere(link.filename, "/".join([link.path, *ahead]))
        if isinstance(link, h5py.SoftLink) and soft_links < MOST_SOFT_LINKS:
            soft_links += 1
            found = file["/"] if link.path.startswith("/") else found
            ahead = [*link.path.split("/"), *ahead]
        elif isinstance(link, h5py.HardLink):
            found = found[name]
        else:
            return None
    return found
