"""Group the image files of a folder into sweeps."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.records.collection import FoundSweep
from beamloop.records.images import IMAGE_PATTERNS, NumberedImages, Template, is_master_name
from beamloop.records.watched import SeenSweep
from beamloop.watch.find_masters import find_master
from beamloop.watch.twins import leave_out_twins

# The last run of digits before the suffix is the image number, as in DIALS's templates. Nine digits at most:
# the catalogue's numbers have 31 bits.
NUMBERED = re.compile(
    r"(?P<prefix>.*?)(?P<number>\d{1,9})(?P<suffix>\.[A-Za-z][A-Za-z0-9]*(\.gz|\.bz2)?)", re.DOTALL
)
# Ten turns at 0.02 deg have 180 000 images; numbers further apart are dates, not one sweep's images.
WIDEST_SWEEP = 200_000


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What one folder holds."""

    sweeps: tuple[FoundSweep, ...]
    strangers: tuple[str, ...]  # ("notes.cbf",): names that fit a pattern but are no image of a sweep
    subfolders: tuple[str, ...]  # ("xtal1",): hidden ones and links are left out
    mtime_ns: int  # of the folder, by the file server's clock, before it was read
    twins: tuple[str, ...] = ()  # sentences, for sweeps that are there twice and taken once


@dataclass(slots=True)
class _Names:
    """The names in a folder by what they are."""

    numbers: dict[Template, list[int]] = field(default_factory=lambda: defaultdict(list))
    masters: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    subfolders: list[str] = field(default_factory=list)


def read_folder(
    directory: Path, patterns: Sequence[str] = IMAGE_PATTERNS, seen: Iterable[SeenSweep] = ()
) -> FolderContent:
    """Group the files of a folder into sweeps.

    Parameters
    ----------
    directory
        The folder; what lies deeper is not looked at.
    patterns
        Which file names are images or master files, e.g. ["*.cbf", "*_master.h5"].
    seen
        What the last look saw of the folder's sweeps; unchanged master files are not opened again.

    Returns
    -------
    FolderContent
        Sweeps in order of their template.

    Raises
    ------
    InvalidInputError
        When the folder cannot be read.
    """
    try:
        # Before the names: what comes while they are read changes the time that the next look sees.
        mtime_ns = directory.stat().st_mtime_ns
        names = _sort_names(directory, patterns)
        numbers, before = names.numbers, {sweep.images.template_parts: sweep for sweep in seen}
        wide = [template for template, found in numbers.items() if max(found) - min(found) >= WIDEST_SWEEP]
        for template in wide:
            names.strangers += [_file_name(template, number) for number in numbers.pop(template)]
        sweeps = [_sweep(directory, template, found) for template, found in numbers.items()]
        sweeps += [find_master(directory, name, before.get((name, 0, ""))) for name in names.masters]
    except OSError as error:
        raise InvalidInputError(
            f"The folder {str(directory)!r} cannot be read: {error.strerror or error}.",
            try_next="Check that it exists and that the user running Beamloop may read it.",
        ) from error
    kept, twins = leave_out_twins(sorted(sweeps, key=lambda sweep: sweep.images.template_parts), before)
    strangers, subfolders = sorted(names.strangers), sorted(names.subfolders)
    return FolderContent(tuple(kept), tuple(strangers), tuple(subfolders), mtime_ns, tuple(twins))


def _sort_names(directory: Path, patterns: Sequence[str]) -> _Names:
    names = _Names()
    with os.scandir(directory) as entries:
        for entry in entries:
            # A hidden file is still being written; a hidden folder is a file server's snapshots.
            if entry.name.startswith("."):
                continue
            fits = any(fnmatchcase(entry.name, pattern) for pattern in patterns)
            master = fits and is_master_name(entry.name)
            found = NUMBERED.fullmatch(entry.name) if fits and not master else None
            is_folder = entry.is_dir(follow_symlinks=False)
            if (fits and not master and found is None) or ((fits or is_folder) and not _is_text(entry.name)):
                names.strangers.append(entry.name)
            elif master:
                names.masters.append(entry.name)
            elif found:
                template = found["prefix"], len(found["number"]), found["suffix"]
                names.numbers[template].append(int(found["number"]))
            elif is_folder:
                names.subfolders.append(entry.name)
    return names


def _file_name(template: Template, number: int) -> str:
    prefix, digits, suffix = template
    return f"{prefix}{number:0{digits}d}{suffix}"


def _is_text(name: str) -> bool:
    """Tell names that are text from bytes that no database column and no log can hold."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sweep(directory: Path, template: Template, numbers: list[int]) -> FoundSweep:
    prefix, digits, suffix = template
    first, last = min(numbers), max(numbers)
    missing = tuple(sorted(set(range(first, last + 1)) - set(numbers)))
    images = NumberedImages(directory, prefix, digits, suffix, first, last, missing)
    return FoundSweep(images, images.content_sha256())
