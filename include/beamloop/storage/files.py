"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from beamloop.storage.os_faults import os_faults


@contextmanager
def temporary_file(folder: int, mode: int) -> Iterator[tuple[str, BinaryIO]]:
    """Make a new hidden file in a folder; it is removed at the end unless it was renamed.

    Parameters
    ----------
    folder
        Descriptor of the open folder.
    mode
        Permission bits, before the umask.

    Yields
    ------
    tuple of str and BinaryIO
        Its name, and the file, open for writing.
    """
    # A random name: a killed writer's leftover is never in anybody's way. The leading dot keeps it unlisted.
    name = f".beamloop-{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield name, file
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)


def write_through(file: BinaryIO) -> None:
    """Bring a file's bytes to the disk: a rename must not survive a power cut that its bytes do not."""
    file.flush()
    os.fsync(file.fileno())


def land(chunks: Iterable[bytes], destination: Path) -> None:
    """Write chunks to a file that appears under its name when all of them are there.

    Parameters
    ----------
    chunks
        The bytes; an error that they raise leaves nothing behind.
    destination
        The file; one already there is replaced, missing folders are made.

    Raises
    ------
    DiskFullError, InvalidInputError, StoreUnavailableError
        When the file cannot be written.
    """
    with os_faults(f"writing {destination}", remedy="Choose a folder that this user may write to."):
        destination.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(destination.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with temporary_file(folder, 0o666) as (name, file):
                file.writelines(chunks)
                write_through(file)
                os.replace(name, destination.name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)
