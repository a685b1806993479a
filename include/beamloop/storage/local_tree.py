"""Folders under a root that no symbolic link leads out of."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from beamloop.errors import ArtifactConflictError, StoreUnavailableError
from beamloop.storage.hashing import missing

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened_folder(root: Path, components: Sequence[str], key: str, *, create: bool) -> Iterator[int]:
    """Walk down from a root, one component at a time, following no symbolic link below the root.

    Parameters
    ----------
    root
        The store's directory; it may be a link itself.
    components
        Checked names of folders.
    key
        What is wanted below, for the message.
    create
        Whether missing folders are made.

    Yields
    ------
    int
        Descriptor of the last folder: what is done relative to it stays in it, even when somebody
        replaces a folder above by a link meanwhile.

    Raises
    ------
    StoreUnavailableError
        When the root itself is not there.
    ArtifactMissingError
        When a folder is missing and is not to be made.
    ArtifactConflictError
        When something else than a folder stands in the way of one to be made.
    """
    descriptor = _open_root(root)
    try:
        for component in components:
            below = _open_below(descriptor, component, key, create=create)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _open_root(root: Path) -> int:
    try:
        return os.open(root, _FOLDER)
    except (FileNotFoundError, NotADirectoryError) as error:
        # Not "the artifact is missing": an unmounted file system must not look like a lost artifact.
        raise StoreUnavailableError(
            f"The artifact directory {root} is not there.",
            try_next="Mount its file system, or correct BEAMLOOP_ARTIFACTS.",
        ) from error


def _open_below(parent: int, name: str, key: str, *, create: bool) -> int:
    if create:
        _make_folder(name, parent)
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        if create:
            raise ArtifactConflictError(
                f"{key} cannot be stored: {name} is not a folder in the artifact directory.",
                try_next="Choose another key; if a person put it there, move it away.",
            ) from error
        raise missing(key) from error


def _make_folder(name: str, parent: int) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)
