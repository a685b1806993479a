"""What a step of a metrology is given to work with, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.records.geometry import NewGeometry
from beamloop.records.metrology import Choice, Metrology, MetrologyState, MetrologyStepReport
from beamloop.records.outcome import NEED_A_PERSON, Outcome, OutcomeCode
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.services import Services
from beamloop.steps.report_file import ReportFile
from beamloop.steps.workplace import Workplace

REPORTS = ReportFile(MetrologyStepReport)
# The machine or a program was at fault, not the data.
FAILURES = (*NEED_A_PERSON, OutcomeCode.TIMED_OUT, OutcomeCode.OUT_OF_MEMORY)


@dataclass(frozen=True, slots=True)
class MetrologyWork(Workplace):
    """One step of one metrology, about to be done."""

    metrology: Metrology
    services: Services

    @property
    def limits(self) -> ProgramLimits:
        """What one program may use."""
        return self.metrology.options.limits


@dataclass(frozen=True, slots=True)
class MetrologyFinding:
    """What a step found: the words for people, the facts for the catalogue."""

    text: str  # "level 1: 9109 reflections, RMSD 0.0285 0.0418 mm, 24 panels refined"
    programs: tuple[ProgramResult, ...] = ()
    outcome: Outcome | None = None  # set when the metrology failed
    state: MetrologyState | None = None  # set by the step that ends it well
    sentence: str = ""
    detector: str = ""
    choices: tuple[Choice, ...] = ()
    geometry: NewGeometry | None = None


def kept(
    sentence: str, programs: Sequence[ProgramResult] = (), choices: Sequence[Choice] = ()
) -> MetrologyFinding:
    """End a metrology without a candidate: the data do not give one."""
    return MetrologyFinding(
        sentence, tuple(programs), state=MetrologyState.KEPT, sentence=sentence, choices=tuple(choices)
    )


def failed(work: MetrologyWork, programs: Sequence[ProgramResult]) -> MetrologyFinding:
    """Say why the last program failed: what the data do not give is kept, what crashed has failed.

    Raises
    ------
    TransientError
        When it was ended from outside, or the disk is full.
    """
    outcome = outcome_of_failure(programs[-1], work.limits, work.step)
    if outcome.code not in FAILURES:
        return kept(f"No candidate: {outcome.sentence}", programs)
    return MetrologyFinding(outcome.sentence, tuple(programs), outcome)
