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
from beamloop.records.images import IMAGE_PATTERNS, SweepImages, image_status

# The last run of digits before the suffix is the image number, as in DIALS's templates.
NUMBERED = re.compile(
    r"(?P<prefix>.*?)(?P<number>\d{1,12})(?P<suffix>\.[A-Za-z][A-Za-z0-9]*(\.gz|\.bz2)?)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What one folder holds."""

    sweeps: tuple[FoundSweep, ...]
    strangers: tuple[str, ...]  # ("notes.cbf",): names that fit a pattern but have no number
    newest_change_s: float  # seconds since 1970: the last change of the folder or of an image in it


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
    names: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    strangers = []
    try:
        newest = directory.stat().st_mtime
        for entry in os.scandir(directory):
            if entry.name.startswith(".") or not any(fnmatchcase(entry.name, p) for p in patterns):
                continue
            found = NUMBERED.fullmatch(entry.name)
            if found is None or not _is_text(entry.name):
                strangers.append(entry.name)
                continue
            newest = max(newest, image_status(Path(entry)).st_mtime)
            template = (found["prefix"], len(found["number"]), found["suffix"])
            names[template].append(int(found["number"]))
        sweeps = tuple(_sweep(directory, template, numbers) for template, numbers in sorted(names.items()))
    except OSError as error:
        raise InvalidInputError(
            f"The folder {str(directory)!r} cannot be read: {error.strerror or error}.",
            try_next="Check that it exists and that the user running Beamloop may read it.",
        ) from error
    return FolderContent(sweeps, tuple(sorted(strangers)), newest)


def _is_text(name: str) -> bool:
    """Tell names that are text from bytes that no database column and no log can hold."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sweep(directory: Path, template: tuple[str, int, str], numbers: list[int]) -> FoundSweep:
    prefix, digits, suffix = template
    first, last = min(numbers), max(numbers)
    missing = tuple(sorted(set(range(first, last + 1)) - set(numbers)))
    images = SweepImages(directory, prefix, digits, suffix, first, last, missing)
    return FoundSweep(images, images.content_sha256())
