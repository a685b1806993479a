"""CBF's byte-offset compression, for whole arrays at once."""

import numpy as np

from beamloop.simulate.arrays import Ints

_ESCAPE_8, _ESCAPE_16 = 0x80, b"\x00\x80"
_LONGEST_EXTRA = 6


def compress(values: Ints) -> bytes:
    """Compress counts as CBFlib and DECTRIS do.

    Parameters
    ----------
    values
        Flat array, counts in the order they are stored; neighbours differ by less than 2^31.

    Notes
    -----
    Each value is stored as its difference from the one before (the first from 0): one byte within +-127, else
    the byte 0x80 and two bytes within +-32767, else 0x80, 0x8000 and four bytes; little-endian.
    Source: CBFlib manual, section 3.3.3, byte_offset compression.
    """
    difference = np.diff(values, prepend=np.int32(0))
    stream = difference.astype(np.int8).view(np.uint8)
    long = np.flatnonzero(np.abs(difference) > 127)
    if len(long) == 0:
        return stream.tobytes()
    stream[long] = _ESCAPE_8
    extra = np.zeros((len(long), _LONGEST_EXTRA), dtype=np.uint8)
    extra[:, :2] = difference[long].astype("<i2").view(np.uint8).reshape(-1, 2)
    wide = np.abs(difference[long]) > 32767
    extra[wide, :2] = np.frombuffer(_ESCAPE_16, dtype=np.uint8)
    extra[wide, 2:] = difference[long][wide].astype("<i4").view(np.uint8).reshape(-1, 4)
    length = np.where(wide, _LONGEST_EXTRA, 2)
    used = np.arange(_LONGEST_EXTRA) < length[:, None]
    return np.insert(stream, np.repeat(long + 1, length), extra[used]).tobytes()
