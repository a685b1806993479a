"""Look at the image files before DIALS does, and put what is wrong into words."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from beamloop.image_files.cbf import image_fault
from beamloop.image_files.faults import NOT_THERE
from beamloop.image_files.master import read_master
from beamloop.records.images import MasterImages, SweepImages
from beamloop.records.outcome import OutcomeCode

NAMED_AT_MOST = 5


def faults_of(paths: Sequence[Path], root: Path) -> dict[str, list[str]]:
    """Return the faulty files' names by what is wrong with them."""
    faults: dict[str, list[str]] = {}
    for path in paths:
        fault = image_fault(path, root)
        if fault is not None:
            faults.setdefault(fault, []).append(path.name)
    return faults


def faults_in(images: SweepImages) -> dict[str, list[str]]:
    """Return the faulty files of a sweep by what is wrong with them."""
    if not isinstance(images, MasterImages):
        return faults_of(images.paths(), images.directory)
    content = read_master(images.directory, images.master)
    gone = content.absent_data_files if set(images.numbers) - set(content.numbers) else ()
    return by_fault(content.faults | dict.fromkeys(gone, NOT_THERE))


def by_fault(faults: Mapping[str, str]) -> dict[str, list[str]]:
    """Turn the fault of each file into the files of each fault."""
    return {fault: [name for name in faults if faults[name] == fault] for fault in faults.values()}


def code_for(faults: Collection[str]) -> OutcomeCode:
    """Tell images that are not there from those that cannot be read."""
    return OutcomeCode.MISSING_IMAGES if set(faults) == {NOT_THERE} else OutcomeCode.UNREADABLE_IMAGES


def words_for(faults: dict[str, list[str]]) -> str:
    """Put faults into one sentence that names at most five files of each kind."""
    parts = []
    for fault, names in faults.items():
        named = ", ".join(repr(name) for name in names[:NAMED_AT_MOST])
        more = ", ..." if len(names) > NAMED_AT_MOST else ""
        parts.append(f"{len(names)} {'is' if len(names) == 1 else 'are'} {fault}: {named}{more}")
    return "; ".join(parts) + "."
