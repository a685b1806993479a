"""Cheap checks of a CBF, plain or compressed, with clear words."""

import re
from pathlib import Path
from typing import BinaryIO

from beamloop.image_files.compression import holds, read_beginning
from beamloop.image_files.faults import CUT_SHORT, FIRST_ARRAY_ONLY, NOT_THERE, OUTSIDE, ImageFaultError
from beamloop.image_files.full_cbf import has_several_arrays
from beamloop.image_files.opening import open_image

HEADER_BYTES = 16384
# Of a detector whose modules are arrays of their own: 1 kB each, and the largest have hundreds.
LONG_HEADER_BYTES = 1 << 20
BINARY_SIZE = re.compile(rb"X-Binary-Size:\s*(\d+)")
BYTE_OFFSET = b"x-CBF_BYTE_OFFSET"
BINARY_START = b"\x0c\x1a\x04\xd5"  # CBF: the four bytes before the binary section


def image_fault(path: Path, root: Path) -> str | None:
    """Say what is wrong with an image file, or None.

    Only the header and the last bytes are read; the size of the compressed pixels is compared with what
    the header says.

    Parameters
    ----------
    path
        The file: .cbf, .cbf.gz or .cbf.bz2.
    root
        The folder of the sweep; a link that leads out of it is a fault.

    Source: the CBF binary section of the imgCIF/CBF 1.5 definition.
    """
    try:
        if root.resolve() not in path.resolve().parents:
            return OUTSIDE
        with open_image(path) as file:
            _check_content(file, path.name)
    except ImageFaultError as error:
        return error.fault
    except FileNotFoundError:
        return NOT_THERE
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return None


def _check_content(file: BinaryIO, name: str) -> None:
    if not file.read(1):
        raise ImageFaultError("empty")
    file.seek(0)
    header = read_beginning(file, name, HEADER_BYTES)
    if not header.startswith(b"###CBF"):
        raise ImageFaultError("not a CBF file")
    if BINARY_START not in header:
        file.seek(0)
        header = read_beginning(file, name, LONG_HEADER_BYTES)
    start = header.find(BINARY_START)
    binary_size = BINARY_SIZE.search(header)
    if start < 0 or binary_size is None:
        raise ImageFaultError("without a complete CBF header")
    if BYTE_OFFSET in header and has_several_arrays(header):
        raise ImageFaultError(FIRST_ARRAY_ONLY)
    if not holds(file, name, start + len(BINARY_START) + int(binary_size[1])):
        raise ImageFaultError(CUT_SHORT)
