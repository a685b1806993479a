"""What a step of a joint refinement is given to work with, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.records.identifiers import RunId
from beamloop.records.joint import Comparison, Joint, JointState, JointStepReport
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.run import Run
from beamloop.run_files import RunInput
from beamloop.steps.report_file import ReportFile
from beamloop.steps.workplace import Workplace

REPORTS = ReportFile(JointStepReport)


@dataclass(frozen=True, slots=True)
class JointWork(Workplace):
    """One step of one joint refinement, about to be done."""

    joint: Joint
    dials: Dials
    inputs: tuple[RunInput, ...]  # one for each run of a member, in the members' order
    runs: Mapping[RunId, Run]

    @property
    def limits(self) -> ProgramLimits:
        """What one program may use."""
        return self.joint.options.limits


@dataclass(frozen=True, slots=True)
class JointFinding:
    """What a step found: the words for people, the facts for the catalogue."""

    text: str  # "8 crystals, LCV 0.62 % -> 0.11 %"
    programs: tuple[ProgramResult, ...] = ()
    outcome: Outcome | None = None  # set when the joint refinement failed
    state: JointState | None = None  # set by the last step
    sentence: str = ""
    comparison: Comparison | None = None


def failed(work: JointWork, programs: Sequence[ProgramResult]) -> JointFinding:
    """Say why the last program failed.

    Raises
    ------
    TransientError
        When it was ended from outside, or the disk is full.
    """
    outcome = outcome_of_failure(programs[-1], work.limits, work.step)
    return JointFinding(outcome.sentence, tuple(programs), outcome)
