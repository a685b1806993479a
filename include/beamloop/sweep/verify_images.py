"""Look at the image files before DIALS does, and put what is wrong into words."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.image_files.cbf import image_fault

NAMED_AT_MOST = 5


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
