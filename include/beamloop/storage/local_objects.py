"""One object in one open folder of a local store: written, described, opened."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import BinaryIO

from beamloop.errors import ArtifactConflictError, ArtifactMissingError
from beamloop.records.artifact import StoredObject
from beamloop.storage.files import temporary_file, write_through
from beamloop.storage.hashing import damaged, legible_sha256, missing, same_or_conflict

# Write-once also against the slip of a person's hand.
_READ_ONLY = 0o444


def write_object(folder: int, name: str, key: str, chunks: Iterable[bytes]) -> StoredObject:
    """Write an object, or find that it is there.

    Parameters
    ----------
    folder
        Descriptor of the open folder.
    name, key
        The object's name in the folder, and its whole key.
    chunks
        Its bytes.

    Raises
    ------
    ArtifactConflictError
        When other bytes, or a folder, stand under the name.
    ArtifactDamagedError
        When what stands under the name has no legible SHA-256.
    OSError
        When the file system refuses.
    """
    try:
        present = object_in(folder, name, key)
    except ArtifactMissingError:
        return _publish(folder, name, key, chunks)
    return same_or_conflict(present, *_copy(chunks, None))


def object_in(folder: int, name: str, key: str) -> StoredObject:
    """Describe an object without reading its bytes.

    Raises
    ------
    ArtifactMissingError
        When there is none under the name.
    ArtifactDamagedError
        When the name is not a link to data with a SHA-256 in the same folder.
    """
    data_name, sha256 = _linked_data(folder, name, key)
    try:
        status = os.stat(data_name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError as error:
        raise damaged(key, "its data are gone") from error
    if not stat.S_ISREG(status.st_mode):
        raise damaged(key, "its data are not a file")
    return StoredObject(key, sha256, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


@contextmanager
def open_data(folder: int, name: str, present: StoredObject) -> Iterator[BinaryIO]:
    """Open an object's data, unbuffered."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    data_name, _ = _linked_data(folder, name, present.key)
    descriptor = os.open(data_name, flags, dir_fd=folder)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file


def prove_writable(folder: int) -> None:
    """Write a file, a link to it, and remove both.

    Raises
    ------
    OSError
        When the file system refuses one of them.
    """
    with temporary_file(folder, _READ_ONLY) as (name, file):
        file.write(b"probe")
        write_through(file)
        link = f".beamloop-{secrets.token_hex(8)}.link"
        os.symlink(name, link, dir_fd=folder)
        os.unlink(link, dir_fd=folder)


def _publish(folder: int, name: str, key: str, chunks: Iterable[bytes]) -> StoredObject:
    with temporary_file(folder, _READ_ONLY) as (temporary, file):
        sha256, size_bytes = _copy(chunks, file)
        write_through(file)
        data_name = _data_name(name, sha256)
        # Data of this name can only be the same bytes, of a writer that was killed or is at work now.
        os.replace(temporary, data_name, src_dir_fd=folder, dst_dir_fd=folder)
    try:
        os.symlink(data_name, name, dir_fd=folder)
    except FileExistsError:
        return _yield_to_the_winner(folder, name, key, sha256, size_bytes)
    os.fsync(folder)
    return object_in(folder, name, key)


def _yield_to_the_winner(folder: int, name: str, key: str, sha256: str, size_bytes: int) -> StoredObject:
    try:
        return same_or_conflict(object_in(folder, name, key), sha256, size_bytes)
    except (ArtifactMissingError, ArtifactConflictError) as error:
        # Another loser with the same bytes may have removed them already.
        with suppress(FileNotFoundError):
            os.unlink(_data_name(name, sha256), dir_fd=folder)
        if isinstance(error, ArtifactConflictError):
            raise
        raise ArtifactConflictError(
            f"{key} is a folder of other artifacts.", try_next="Choose another key."
        ) from error


def _copy(chunks: Iterable[bytes], file: BinaryIO | None) -> tuple[str, int]:
    digest = hashlib.sha256()
    size_bytes = 0
    for chunk in chunks:
        digest.update(chunk)
        size_bytes += len(chunk)
        if file is not None:
            file.write(chunk)
    return digest.hexdigest(), size_bytes


def _linked_data(folder: int, name: str, key: str) -> tuple[str, str]:
    """Return the name of the file that an object's link leads to, and the SHA-256 in it."""
    try:
        target = os.readlink(name, dir_fd=folder)
    except FileNotFoundError as error:
        raise missing(key) from error
    except OSError as error:
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise missing(key) from error
        raise damaged(key, "it has no SHA-256") from error
    # Stores from before have the SHA-256 behind the name.
    for start, end in ((f".{name}.", ""), (".", f".{name}")):
        if target.startswith(start) and target.endswith(end):
            return target, legible_sha256(key, target.removeprefix(start).removesuffix(end))
    raise damaged(key, "it is a link to somewhere else")


def _data_name(name: str, sha256: str) -> str:
    # The name comes last: programs follow the link, and tell by its end what a file is. A browser shows
    # report.html as text otherwise.
    return f".{sha256}.{name}"
