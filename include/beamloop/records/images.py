"""The image files of one sweep."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

# Which file names are images unless a beamline or a person says otherwise.
IMAGE_PATTERNS = ("*.cbf", "*.cbf.gz", "*.cbf.bz2")


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


@dataclass(frozen=True, slots=True)
class SweepImages:
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
    def numbers(self) -> list[int]:
        """The image numbers that are there, in order."""
        gone = set(self.missing)
        return [number for number in range(self.first, self.last + 1) if number not in gone]

    def path(self, number: int) -> Path:
        """Return the file of one image number."""
        return self.directory / f"{self.prefix}{number:0{self.digits}d}{self.suffix}"

    def paths(self) -> list[Path]:
        """Return the files that are there, in order of number."""
        return [self.path(number) for number in self.numbers]

    def blocks(self) -> list[tuple[int, int]]:
        """First and last number of each contiguous part."""
        starts = [n for n in self.numbers if n == self.first or n - 1 in self.missing]
        ends = [n for n in self.numbers if n == self.last or n + 1 in self.missing]
        return list(zip(starts, ends, strict=True))

    def content_sha256(self) -> str:
        """Hash names, sizes and modification times (not the bytes: that would read every image twice).

        Raises
        ------
        OSError
            When an image has gone in between.
        """
        digest = hashlib.sha256()
        for path in self.paths():
            status = image_status(path)
            line = f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()
