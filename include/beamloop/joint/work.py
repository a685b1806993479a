"""What a step of a joint refinement is given to work with, and what it gives back."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.program_outcomes import outcome_of_end, outcome_of_log
from beamloop.records.identifiers import RunId
from beamloop.records.joint import Comparison, Joint, JointState, JointStepReport
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.run import Run
from beamloop.run_files import RunInput
from beamloop.steps.report_file import ReportFile

REPORTS = ReportFile(JointStepReport)


@dataclass(frozen=True, slots=True)
class JointWork:
    """One step of one joint refinement, about to be done."""

    joint: Joint
    step: str  # "refine"
    directory: Path  # Path("/srv/beamloop/runs/i24/plate3-1f0c9a/joint/joint-3")
    staging: Path  # a folder of its own inside directory; renamed to the step's name on success
    dials: Dials
    inputs: tuple[RunInput, ...]  # one for each run of a member, in the members' order
    runs: Mapping[RunId, Run]

    @property
    def limits(self) -> ProgramLimits:
        """What one program may use."""
        return self.joint.options.limits

    def new_folder(self, name: str) -> Path:
        """Make a folder for one program inside the step's."""
        folder = self.staging / name
        folder.mkdir(parents=True)
        return folder

    def output_of(self, step: str, name: str) -> Path:
        """Where an earlier step's file is, on this machine."""
        return self.directory / step / name


@dataclass(frozen=True, slots=True)
class JointFinding:
    """What a step found: the words for people, the facts for the catalogue."""

    text: str  # "8 crystals, LCV 0.62 % -> 0.11 %"
    programs: tuple[ProgramResult, ...] = ()
    outcome: Outcome | None = None  # set when the joint refinement failed
    state: JointState | None = None  # set by the last step
    sentence: str = ""
    comparison: Comparison | None = None


def relative_to(folder: Path, path: Path) -> Path:
    """Return a path as it stands in argv: true still when the staging folder is renamed or all is copied."""
    return Path(os.path.relpath(path, folder))


def failed(work: JointWork, programs: Sequence[ProgramResult]) -> JointFinding:
    """Say why the last program failed.

    Raises
    ------
    TransientError
        When it was ended from outside, or the disk is full.
    """
    result = programs[-1]
    outcome = outcome_of_end(result, work.limits, work.step) or outcome_of_log(result, work.step)
    return JointFinding(outcome.sentence, tuple(programs), outcome)
