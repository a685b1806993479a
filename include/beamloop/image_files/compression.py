"""Read the beginning of a file that may be compressed, and tell whether its end is there."""

import bz2
import gzip
import os
import zlib
from typing import BinaryIO, cast

from beamloop.image_files.faults import CUT_SHORT, ImageFaultError

# After the pixels a CBF has a boundary line and up to 4 kB of padding; writers differ, none adds this much.
LONGEST_TAIL_BYTES = 65536
CHUNK_BYTES = 1 << 20
BZ2_END = 0x177245385090  # 48 bits, then 32 bits of checksum, then up to 7 bits to the end of the byte


def uncompressed(file: BinaryIO, name: str) -> BinaryIO:
    """Return a reader of the bytes inside, by the end of the file's name."""
    if name.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if name.endswith(".bz2"):
        return cast(BinaryIO, bz2.BZ2File(file))
    return file


def read_beginning(file: BinaryIO, name: str, byte_count: int) -> bytes:
    """Return the first bytes inside a file; what lies behind them is not read.

    Parameters
    ----------
    file
        An open file, at its beginning.
    name
        Its name, e.g. "x_001.cbf.gz".
    byte_count
        How many bytes at most, as they are after decompression.

    Raises
    ------
    ImageFaultError
        When a compressed file ends too early or is none.
    """
    try:
        return uncompressed(file, name).read(byte_count)
    except EOFError as error:
        raise ImageFaultError(CUT_SHORT) from error
    except (zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ImageFaultError(f"not a {'gzip' if name.endswith('.gz') else 'bzip2'} file") from error


def holds(file: BinaryIO, name: str, byte_count: int) -> bool:
    """Tell whether a file holds so many bytes, of a compressed one by its last bytes where they tell.

    Parameters
    ----------
    file
        An open file.
    name
        Its name, e.g. "x_001.cbf.gz".
    byte_count
        What its header promises, as it is after decompression.

    Source: RFC 1952 (the last four bytes are the length modulo 2**32); bzip2's end-of-stream marker.
    """
    size = os.fstat(file.fileno()).st_size
    if name.endswith(".bz2"):
        return _bz2_ends(file, size)
    if not name.endswith(".gz"):
        return size >= byte_count
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "little")
    beyond = (length - byte_count) % 2**32
    # A file cut short ends in four bytes of anything; one of several members tells of its last one only.
    return beyond <= LONGEST_TAIL_BYTES or _reads_to_its_end(file, byte_count)


def _bz2_ends(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - 11))
    tail = int.from_bytes(file.read(11), "big")
    return any((tail >> (32 + padding)) % 2**48 == BZ2_END for padding in range(8))


def _reads_to_its_end(file: BinaryIO, byte_count: int) -> bool:
    file.seek(0)
    inside = gzip.GzipFile(fileobj=file)
    found = 0
    try:
        # A file of far more than its header promises is a trap; DIALS may say so.
        while found <= byte_count + LONGEST_TAIL_BYTES:
            chunk = inside.read(CHUNK_BYTES)
            if not chunk:
                return found >= byte_count
            found += len(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    return True
