"""SHA-256 of files and of streams, and what is said when one is wrong."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from beamloop.errors import (
    ArtifactConflictError,
    ArtifactDamagedError,
    ArtifactMissingError,
    InvalidInputError,
)
from beamloop.records.artifact import StoredObject
from beamloop.storage.keys import SHA256
from beamloop.storage.os_faults import os_faults

# Large enough that hashing, not Python, takes the time; small against any worker's memory.
CHUNK_BYTES = 1024**2


def file_sha256(path: Path) -> str:
    """Hash a file's bytes.

    Parameters
    ----------
    path
        A regular file.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InvalidInputError
        When the file cannot be read.
    """
    digest = hashlib.sha256()
    for chunk in file_chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def file_chunks(path: Path) -> Generator[bytes, None, None]:
    """Yield a file's bytes in chunks of at most 1 MiB.

    Raises
    ------
    InvalidInputError
        As `opened_source` does.
    """
    with opened_source(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def opened_source(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is to be stored.

    Raises
    ------
    InvalidInputError
        When it is no regular file (a pipe would block for ever) or cannot be read.
    """
    with os_faults(f"reading {path}", remedy="Give this user the right to read it."):
        if not path.is_file():
            raise InvalidInputError(f"{path} is not a file.", try_next="Name a regular file to store.")
        with path.open("rb") as file:
            yield file


def verified(chunks: Iterable[bytes], key: str, sha256: str) -> Iterator[bytes]:
    """Hand chunks on, holding each back until the next one is there, the last until all are verified.

    Parameters
    ----------
    chunks
        The bytes of one object.
    key
        The object's key, for the message.
    sha256
        What they must hash to, 64 hexadecimal digits.

    Raises
    ------
    ArtifactDamagedError
        When they do not.
    """
    digest = hashlib.sha256()
    held = b""
    for chunk in chunks:
        if held:
            yield held
        digest.update(chunk)
        held = chunk
    require_sha256(key, expected=sha256, found=digest.hexdigest(), where="its bytes")
    if held:
        yield held


def require_sha256(key: str, *, expected: str, found: str, where: str) -> None:
    """Compare two hashes of one object.

    Raises
    ------
    ArtifactDamagedError
        When they differ.
    """
    if found != expected:
        raise damaged(key, f"{where} have the SHA-256 {found}, not {expected}")


def legible_sha256(key: str, text: str) -> str:
    """Return the SHA-256 kept with an object.

    Raises
    ------
    ArtifactDamagedError
        When `text` is none.
    """
    if not SHA256.fullmatch(text):
        raise damaged(key, f"the SHA-256 kept with it is {text[:80]!r}" if text else "it has no SHA-256")
    return text


def damaged(key: str, fault: str) -> ArtifactDamagedError:
    """Word the error for a damaged object."""
    return ArtifactDamagedError(
        f"The artifact {key} is damaged: {fault}.",
        try_next="Check the store's disks, delete the object from the store, then process its sweep again "
        "(`beamloop reprocess COLLECTION SWEEP --again`).",
    )


def missing(key: str) -> ArtifactMissingError:
    """Word the error for an object that is not there."""
    return ArtifactMissingError(
        f"The store has no artifact {key}.",
        try_next="Look whether this is the store that Beamloop wrote to; if the object is lost, process its "
        "sweep again (`beamloop reprocess COLLECTION SWEEP --again`).",
    )


def same_or_conflict(present: StoredObject, sha256: str, size_bytes: int) -> StoredObject:
    """Return the object that stands under a key if it is the one that was to be written there.

    Raises
    ------
    ArtifactConflictError
        When it is another one.
    """
    if (present.sha256, present.size_bytes) != (sha256, size_bytes):
        raise ArtifactConflictError(
            f"Other bytes stand under the key {present.key}: {present.size_bytes} bytes with SHA-256 "
            f"{present.sha256}, not {size_bytes} with {sha256}.",
            try_next="Store under a new key (a new run); objects are never overwritten.",
        )
    return present
