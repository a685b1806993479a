"""Folders on the disk, met without following a single link.

Everything is done relative to the descriptor of an open folder: what somebody puts in a folder's place
meanwhile, a link to elsewhere above all, is never entered.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A folder of this name is on its way out: it was accounted for before it got the name.
REMOVED = ".beamloop-removed-"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree."""

    path: str  # "index/rung-1/indexed.expt", below the tree's top
    is_file: bool  # a regular file
    is_link: bool
    size_bytes: int


@contextmanager
def opened(name: str | os.PathLike[str], parent: int | None = None) -> Iterator[int]:
    """Open a folder; a link is refused with an OSError, except at the very top, which a person has chosen."""
    flags = _FOLDER if parent is not None else _FOLDER & ~os.O_NOFOLLOW
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def subfolders(folder: int) -> list[str]:
    """Return the names of the folders in a folder, hidden ones too, links not."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def entries_below(folder: int) -> Iterator[Entry]:
    """Yield everything in a tree that is no folder."""
    for place, folders, files, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        for name in (*folders, *files):
            # Whoever is at work here removes files too.
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    path = os.path.normpath(os.path.join(place, name))
                    is_link = stat.S_ISLNK(status.st_mode)
                    yield Entry(path, stat.S_ISREG(status.st_mode), is_link, status.st_size)


def size_below(parent: int, name: str) -> int:
    """Return how many bytes the files of a folder have."""
    with opened(name, parent) as folder:
        return sum(entry.size_bytes for entry in entries_below(folder))


def take_away(parent: int, name: str) -> str:
    """Give a folder, at once, a name under which nobody looks for it; return that name."""
    gone = f"{REMOVED}{secrets.token_hex(8)}"
    os.rename(name, gone, src_dir_fd=parent, dst_dir_fd=parent)
    return gone


def remove_tree(parent: int, name: str) -> None:
    """Remove a folder with all in it; of a link in it only the link goes.

    Raises
    ------
    OSError
        When the name is a link, or the file system refuses.
    """
    shutil.rmtree(name, dir_fd=parent)
