"""Look at the image files before DIALS does: cheap checks with clear words."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

HEADER_BYTES = 16384
BINARY_SIZE = re.compile(rb"X-Binary-Size:\s*(\d+)")
BINARY_START = b"\x0c\x1a\x04\xd5"  # CBF: the four bytes before the binary section
NAMED_AT_MOST = 5
NOT_THERE = "not there"


def image_fault(path: Path, root: Path) -> str | None:
    """Say what is wrong with an image file, or None.

    Only the header is read; the size of the compressed pixels is compared with what the header says.

    Parameters
    ----------
    path
        The file.
    root
        The folder of the sweep; a link that leads out of it is a fault.

    Source: the CBF binary section of the imgCIF/CBF 1.5 definition.
    """
    try:
        if root.resolve() not in path.resolve().parents:
            return "a link to outside its folder"
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        return NOT_THERE
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return _content_fault(header, size)


def _content_fault(header: bytes, size: int) -> str | None:
    if size == 0:
        return "empty"
    if not header.startswith(b"###CBF"):
        return "not a CBF file"
    start = header.find(BINARY_START)
    binary_size = BINARY_SIZE.search(header)
    if start < 0 or binary_size is None:
        return "without a complete CBF header"
    if size < start + len(BINARY_START) + int(binary_size[1]):
        return "cut short"
    return None


def faults_of(paths: Sequence[Path], root: Path) -> dict[str, list[str]]:
    """Return the faulty files' names by what is wrong with them."""
    faults: dict[str, list[str]] = {}
    for path in paths:
        fault = image_fault(path, root)
        if fault is not None:
            faults.setdefault(fault, []).append(path.name)
    return faults


def words_for(faults: dict[str, list[str]]) -> str:
    """Put faults into one sentence that names at most five files of each kind."""
    parts = []
    for fault, names in faults.items():
        named = ", ".join(repr(name) for name in names[:NAMED_AT_MOST])
        more = ", ..." if len(names) > NAMED_AT_MOST else ""
        parts.append(f"{len(names)} {'is' if len(names) == 1 else 'are'} {fault}: {named}{more}")
    return "; ".join(parts) + "."
