"""Group the image files of a folder into sweeps."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.records.collection import FoundSweep
from beamloop.records.images import IMAGE_PATTERNS, NumberedImages

# The last run of digits before the suffix is the image number, as in DIALS's templates. Nine digits at most:
# the catalogue's numbers have 31 bits.
NUMBERED = re.compile(
    r"(?P<prefix>.*?)(?P<number>\d{1,9})(?P<suffix>\.[A-Za-z][A-Za-z0-9]*(\.gz|\.bz2)?)", re.DOTALL
)
# Ten turns at 0.02 deg have 180 000 images; numbers further apart are dates, not one sweep's images.
WIDEST_SWEEP = 200_000

Template = tuple[str, int, str]  # prefix, digits, suffix


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What one folder holds."""

    sweeps: tuple[FoundSweep, ...]
    strangers: tuple[str, ...]  # ("notes.cbf",): names that fit a pattern but are no image of a sweep
    subfolders: tuple[str, ...]  # ("xtal1",): hidden ones and links are left out
    mtime_ns: int  # of the folder, by the file server's clock, before it was read


def read_folder(directory: Path, patterns: Sequence[str] = IMAGE_PATTERNS) -> FolderContent:
    """Group the files of a folder into sweeps.

    Parameters
    ----------
    directory
        The folder; what lies deeper is not looked at.
    patterns
        Which file names are images, e.g. ["*.cbf", "*.cbf.gz"].

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
        numbers, strangers, subfolders = _sort_names(directory, patterns)
        wide = [template for template, found in numbers.items() if max(found) - min(found) >= WIDEST_SWEEP]
        for template in wide:
            strangers += [_file_name(template, number) for number in numbers.pop(template)]
        sweeps = tuple(_sweep(directory, template, found) for template, found in sorted(numbers.items()))
    except OSError as error:
        raise InvalidInputError(
            f"The folder {str(directory)!r} cannot be read: {error.strerror or error}.",
            try_next="Check that it exists and that the user running Beamloop may read it.",
        ) from error
    return FolderContent(sweeps, tuple(sorted(strangers)), tuple(sorted(subfolders)), mtime_ns)


def _sort_names(
    directory: Path, patterns: Sequence[str]
) -> tuple[dict[Template, list[int]], list[str], list[str]]:
    """Return image numbers by template, strangers, and subfolders."""
    numbers: dict[Template, list[int]] = defaultdict(list)
    strangers, subfolders = [], []
    with os.scandir(directory) as entries:
        for entry in entries:
            # A hidden file is still being written; a hidden folder is a file server's snapshots.
            if entry.name.startswith("."):
                continue
            fits = any(fnmatchcase(entry.name, pattern) for pattern in patterns)
            found = NUMBERED.fullmatch(entry.name) if fits else None
            is_folder = entry.is_dir(follow_symlinks=False)
            if (fits and found is None) or ((fits or is_folder) and not _is_text(entry.name)):
                strangers.append(entry.name)
            elif found:
                numbers[found["prefix"], len(found["number"]), found["suffix"]].append(int(found["number"]))
            elif is_folder:
                subfolders.append(entry.name)
    return numbers, strangers, subfolders


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
