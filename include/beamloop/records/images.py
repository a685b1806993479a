"""The image files of one sweep: a file for each image, or one master file with its data files."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

# Which file names are images unless a beamline or a person says otherwise.
IMAGE_PATTERNS = ("*.cbf", "*.cbf.gz", "*.cbf.bz2", "*_master.h5", "*.nxs")
# What follows the sweep's name in that of a master file.
MASTER_ENDING = re.compile(r"(_master)?\.(h5|hdf5|nxs)$")


def is_master_name(name: str) -> bool:
    """Tell by its name whether a file is HDF5: then it is a sweep by itself, whatever digits it has."""
    return MASTER_ENDING.search(name) is not None


# How beamlines name files that a master file names: DECTRIS, Diamond, and Diamond's metadata.
DATA_FILE_NAMES = ("x_data_000001.h5", "x_000001.h5", "x_meta.h5")


def data_file_pattern_fault(pattern: str) -> str | None:
    """Say what is wrong with a pattern of image names that takes in data files, or None."""
    if any(fnmatchcase(name, pattern) for name in DATA_FILE_NAMES):
        return f"{pattern!r} takes data files for master files; '*_master.h5' or '*.nxs' does not"
    return None


# What tells one sweep of a folder from another: prefix, digits and suffix of numbered files; of a master
# file its name, no digit and no suffix.
Template = tuple[str, int, str]


def image_status(path: Path) -> os.stat_result:
    """Return size and times of an image; of a link that leads nowhere, those of the link itself.

    Raises
    ------
    OSError
        When there is nothing under this name.
    """
    try:
        return path.stat()
    except OSError:
        return path.lstat()


class _Numbered:
    """What image numbers tell, whatever files hold the images."""

    __slots__ = ()

    first: int
    last: int
    missing: tuple[int, ...]

    @property
    def numbers(self) -> list[int]:
        """The image numbers that are there, in order."""
        gone = set(self.missing)
        return [number for number in range(self.first, self.last + 1) if number not in gone]

    def blocks(self) -> list[tuple[int, int]]:
        """First and last number of each contiguous part."""
        gone = set(self.missing)
        starts = [n for n in self.numbers if n == self.first or n - 1 in gone]
        ends = [n for n in self.numbers if n == self.last or n + 1 in gone]
        return list(zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True)
class NumberedImages(_Numbered):
    """Files `prefix` + number + `suffix` in one directory, numbers from `first` to `last`.

    `missing` names numbers in between that are not there.
    """

    directory: Path  # Path("/data/i24/2026/xtal_plate3")
    prefix: str  # "xtal2_1_"
    digits: int  # 5
    suffix: str  # ".cbf"
    first: int  # 1
    last: int  # 12
    missing: tuple[int, ...] = ()  # (8,)

    @property
    def name(self) -> str:
        """The sweep's name as a person knows it: the prefix without its last separator, "xtal2_1"."""
        return self.prefix.rstrip("_-. ") or self.prefix or "sweep"

    @property
    def template(self) -> str:
        """The file name with # for each digit: "xtal2_1_#####.cbf"."""
        return f"{self.prefix}{'#' * self.digits}{self.suffix}"

    @property
    def data_files(self) -> tuple[str, ...]:
        """None: no image names another file."""
        return ()

    @property
    def template_parts(self) -> Template:
        """What the template is made of: ("xtal2_1_", 5, ".cbf")."""
        return self.prefix, self.digits, self.suffix

    def path(self, number: int) -> Path:
        """Return the file of one image number."""
        return self.directory / f"{self.prefix}{number:0{self.digits}d}{self.suffix}"

    def paths(self) -> list[Path]:
        """Return the files that are there, in order of number."""
        return [self.path(number) for number in self.numbers]

    def content_sha256(self) -> str:
        """Hash names, sizes and modification times (not the bytes: that would read every image twice).

        Raises
        ------
        OSError
            When an image has gone in between.
        """
        return content_sha256((path.name, image_status(path)) for path in self.paths())


@dataclass(frozen=True, slots=True)
class MasterImages(_Numbered):
    """Images that one HDF5 file lists, numbers from 1 to `last`; most of them lie in other files.

    `missing` names images before the last one that no file holds. Where no image is there at all, that is
    image 1, and `last` is 1 too.
    """

    directory: Path  # Path("/data/i24/2026/xtal_plate3")
    master: str  # "xtal2_1_master.h5"
    data_files: tuple[str, ...]  # ("xtal2_1_data_000001.h5",): below the directory; they may be gone
    last: int  # 12
    missing: tuple[int, ...] = ()  # (8,)
    first: int = 1

    @property
    def name(self) -> str:
        """The sweep's name as a person knows it: the master's without its ending, "xtal2_1"."""
        return MASTER_ENDING.sub("", self.master) or self.master

    @property
    def template(self) -> str:
        """The master's name: it stands where the template of numbered files does."""
        return self.master

    @property
    def template_parts(self) -> Template:
        """The same as if it were a template without digits: ("xtal2_1_master.h5", 0, "")."""
        return self.master, 0, ""

    @property
    def master_path(self) -> Path:
        """The master file."""
        return self.directory / self.master

    def paths(self) -> list[Path]:
        """Return the master and every file that it names."""
        return [self.master_path, *(self.directory / name for name in self.data_files)]

    def content_sha256(self) -> str:
        """Hash names, sizes and modification times of the master and its files, and which are not there.

        Raises
        ------
        OSError
            When the master has gone.
        """
        others = ((name, _status_if_there(self.directory / name)) for name in self.data_files)
        return content_sha256([(self.master, image_status(self.master_path)), *others])


SweepImages = NumberedImages | MasterImages


def _status_if_there(path: Path) -> os.stat_result | None:
    try:
        return image_status(path)
    except OSError:
        return None


def content_sha256(files: Iterable[tuple[str, os.stat_result | None]]) -> str:
    """Hash names, sizes and modification times of files; None stands for one that is not there."""
    digest = hashlib.sha256()
    for name, status in files:
        state = f"{status.st_size}\0{status.st_mtime_ns}" if status else "gone"
        digest.update(f"{name}\0{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
