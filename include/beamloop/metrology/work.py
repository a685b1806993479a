"""What a step of a metrology is given to work with, and what it gives back."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli.program_outcomes import outcome_of_end, outcome_of_log
from beamloop.records.geometry import NewGeometry
from beamloop.records.metrology import Choice, Metrology, MetrologyState, MetrologyStepReport
from beamloop.records.outcome import NEED_A_PERSON, Outcome, OutcomeCode
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.services import Services
from beamloop.steps.report_file import ReportFile

REPORTS = ReportFile(MetrologyStepReport)
# The machine or a program was at fault, not the data.
FAILURES = (*NEED_A_PERSON, OutcomeCode.TIMED_OUT, OutcomeCode.OUT_OF_MEMORY)


@dataclass(frozen=True, slots=True)
class MetrologyWork:
    """One step of one metrology, about to be done."""

    metrology: Metrology
    step: str  # "refine"
    directory: Path  # Path("/srv/beamloop/runs/i24/metrology/metrology-3")
    staging: Path  # a folder of its own inside directory; renamed to the step's name on success
    services: Services

    @property
    def limits(self) -> ProgramLimits:
        """What one program may use."""
        return self.metrology.options.limits

    def new_folder(self, name: str) -> Path:
        """Make a folder for one program inside the step's."""
        folder = self.staging / name
        folder.mkdir(parents=True)
        return folder

    def output_of(self, step: str, name: str) -> Path:
        """Where an earlier step's file is, on this machine."""
        return self.directory / step / name


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


def relative_to(folder: Path, path: Path) -> Path:
    """Return a path as it stands in argv: true still when the staging folder is renamed or all is copied."""
    return Path(os.path.relpath(path, folder))


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
    result = programs[-1]
    outcome = outcome_of_end(result, work.limits, work.step) or outcome_of_log(result, work.step)
    if outcome.code not in FAILURES:
        return kept(f"No candidate: {outcome.sentence}", programs)
    return MetrologyFinding(outcome.sentence, tuple(programs), outcome)
