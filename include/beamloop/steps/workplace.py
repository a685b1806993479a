"""Where a step is done."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folders of one step of one piece of work."""

    step: str  # "refine"
    directory: Path  # Path("/srv/beamloop/runs/i24/plate3-1f0c9a/joint/joint-3"): of the whole work
    staging: Path  # a folder of its own inside directory; renamed to the step's name on success

    def new_folder(self, name: str) -> Path:
        """Make a folder for one program inside the step's."""
        folder = self.staging / name
        folder.mkdir(parents=True)
        return folder

    def output_of(self, step: str, name: str) -> Path:
        """Where an earlier step's file is, on this machine."""
        return self.directory / step / name
