"""Results that DIALS made elsewhere, taken in as processed sweeps."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# The profile of a run whose results Beamloop did not make: nothing is known of its options.
ADOPTED_PROFILE = "adopted"
# Such results do not say with which DIALS they were made.
UNKNOWN_VERSION = "unknown"


@dataclass(frozen=True, slots=True)
class AdoptedFile:
    """A file as it was found elsewhere."""

    path: Path  # Path("/data/visit/wedges/sweep_002_reflections.pickle")
    sha256: str  # 64 hexadecimal digits
    size_bytes: int  # 52906


@dataclass(frozen=True, slots=True)
class Adoption:
    """Where an adopted run comes from."""

    adopted_by: str  # "anna"
    adopted_at: datetime  # UTC
    directory: Path  # Path("/data/visit/wedges")
    template: str  # "/data1/x/xtal303_1_####.cbf": the images, which need not be on this machine; or ""
    files: tuple[AdoptedFile, ...]
