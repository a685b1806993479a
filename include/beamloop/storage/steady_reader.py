"""A file that must not change while it is stored in parts."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from beamloop.errors import InvalidInputError


class SteadyReader:
    """Reads a file from its start and fails, at the latest with the last byte, when it is not the one hashed.

    Failing inside `read` makes the client give the upload up before any object appears.

    Parameters
    ----------
    file
        Open at its start.
    path
        Its name, for the message.
    sha256
        What it hashed to a moment ago, 64 hexadecimal digits.
    """

    def __init__(self, file: BinaryIO, path: Path, sha256: str) -> None:
        self._file = file
        self._path = path
        self._digest = hashlib.sha256()
        self._remaining_bytes = os.fstat(file.fileno()).st_size
        self.size_bytes = self._remaining_bytes
        self.sha256 = sha256

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes.

        Raises
        ------
        InvalidInputError
            When the file has changed.
        """
        data = self._file.read(size)
        self._digest.update(data)
        self._remaining_bytes -= len(data)
        cut_short = not data and self._remaining_bytes > 0
        if cut_short or (self._remaining_bytes <= 0 and self._digest.hexdigest() != self.sha256):
            raise InvalidInputError(
                f"{self._path} changed while it was being stored.",
                try_next="Wait until its writer has finished, then try again.",
            )
        return data
