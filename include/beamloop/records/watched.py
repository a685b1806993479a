"""What the watcher remembers of a folder from look to look.

Times are the catalogue's clock, in seconds since 1970. The file server's times are only compared with
themselves, so its clock may be wrong.
"""

from dataclasses import dataclass
from pathlib import Path

from beamloop.records.images import SweepImages


@dataclass(frozen=True, slots=True)
class SeenSweep:
    """A sweep as the last look saw it."""

    images: SweepImages
    content_sha256: str
    first_seen_s: float  # 1763688000.0: its first image, or the first one that came late
    changed_seen_s: float  # 1763688012.0: when this content was seen first
    expected_count: int | None = None  # 100 images, where the header or the beamline says so
    asked: bool = False  # this content needs nothing more
    lateness_said: bool = False


@dataclass(frozen=True, slots=True)
class FolderState:
    """What decides whether a folder is read again."""

    directory: Path  # Path("/data/i24/plate3")
    mtime_ns: int  # the file server's
    patterns: tuple[str, ...]  # ("*.cbf",)
    read_s: float
    settled: bool  # nothing in it is awaited
    subfolders: tuple[str, ...]  # ("xtal1",)


@dataclass(frozen=True, slots=True)
class SeenFolder(FolderState):
    """All that was seen in a folder."""

    first_seen_s: float
    changed_seen_s: float  # when this mtime_ns was seen first
    emptiness_said: bool
    sweeps: tuple[SeenSweep, ...]
    twins_said: tuple[str, ...] = ()  # sentences on sweeps that are there twice
