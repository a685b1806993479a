"""Copies of foreign files under names of our own: what is judged, converted and stored is the same."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.records.adoption import AdoptedFile

CHUNK_BYTES = 1024 * 1024
PICKLE_START = b"\x80"  # protocol 2 and later, which every DIALS wrote
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Copy:
    """A foreign file and our copy of it."""

    source: AdoptedFile
    path: Path  # Path("/srv/beamloop/runs/.adopt-x1/3.refl")
    is_pickle: bool


def take_copy(source: Path, destination: Path, *, trust_pickles: bool) -> Copy:
    """Copy a file, hash what was copied, and refuse a pickle that somebody else could have written.

    Reading a pickle runs whatever its author put into it. One that belongs to the caller, and that nobody
    else may write, is no more dangerous than the caller's own programs.

    Parameters
    ----------
    source
        Hostile input.
    destination
        Where to, in a folder of the caller's own.
    trust_pickles
        A person vouches for every pickle, whoever owns it.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is no plain file, has no plain name, or is a pickle that may not be
        read.
    """
    if not str(source).isprintable():
        raise InvalidInputError(
            f"{source.name!a} has a name that the catalogue cannot keep.",
            evidence=ascii(str(source)),
            try_next="Rename it, and the folders above it, to plain UTF-8 without control characters.",
        )
    try:
        with open(source, "rb") as original:
            status = os.fstat(original.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InvalidInputError(
                    f"{source.name!a} is no plain file.", try_next="Name the file itself."
                )
            start = original.peek(1)[:1]
            is_pickle = source.suffix == ".pickle" or start == PICKLE_START
            if is_pickle and not (trust_pickles or _is_ours(status)):
                raise _distrusted(source)
            digest, size_bytes = hashlib.sha256(), 0
            with open(destination, "xb") as copy:
                while chunk := original.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size_bytes += len(chunk)
                    copy.write(chunk)
    except OSError as error:
        raise InvalidInputError(
            f"{source.name!a} cannot be read: {error.strerror}.",
            evidence=str(source),
            try_next="Check the file and its permissions.",
        ) from error
    return Copy(AdoptedFile(source, digest.hexdigest(), size_bytes), destination, is_pickle)


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & OTHERS_MAY_WRITE


def _distrusted(source: Path) -> InvalidInputError:
    return InvalidInputError(
        f"{source.name!a} is a pickle that is not yours alone; reading one runs whatever its author wished.",
        evidence=str(source),
        try_next="If you know who wrote it, say --trust-pickles; or convert it with the DIALS that wrote it.",
    )
