"""A folder of images as found on the disk."""

from dataclasses import dataclass
from pathlib import Path

from beamloop.records.images import SweepImages
from beamloop.records.sample import Sample


@dataclass(frozen=True, slots=True)
class FoundSweep:
    """A sweep with the fingerprint of its files."""

    images: SweepImages
    content_sha256: str
    expected_count: int | None = None  # 100 images, where a master file says so


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
