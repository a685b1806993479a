"""A folder of images as found on the disk."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from beamloop.records.images import SweepImages
from beamloop.records.sample import Sample


@dataclass(frozen=True, slots=True)
class FoundSweep:
    """A sweep with the fingerprint of its files."""

    images: SweepImages
    content_sha256: str
    expected_count: int | None = None  # 100 images, where a master file says so

    def collected_at(self) -> datetime | None:
        """Return when the first image, or the master file, was written by its file system's clock.

        UTC; None where it is not there, as in adopted results.
        """
        try:
            return datetime.fromtimestamp(self.images.paths()[0].stat().st_mtime, UTC)
        except (OSError, IndexError):
            return None


@dataclass(frozen=True, slots=True)
class FoundCollection:
    """The sweeps of one sample in one directory."""

    beamline: str  # "i24"
    directory: Path  # Path("/data/i24/plate3")
    sweeps: tuple[FoundSweep, ...]
    sample: Sample = Sample()

    @property
    def name(self) -> str:
        """The folder's own name: "plate3"."""
        return self.directory.name or str(self.directory)
