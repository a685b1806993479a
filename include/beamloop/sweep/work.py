"""What a step is given to work with, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.paths import relative_to
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.run import CrystalFact, IntegrationFact, Run, RungFact, SpotCounts, StepReport
from beamloop.records.rung_record import RungRecord
from beamloop.steps.report_file import ReportFile
from beamloop.sweep.cell_words import multiple_of_known

REPORTS = ReportFile(StepReport)

# Where a geometry in force gives the distance it is held, since with a narrow wedge it drifts with the cell:
# a and c of 8 simulated wedges of 6 degrees spread by 0.002 and 0.007 % then, else by 0.023 and 0.025 %.
HOLD_DISTANCE = "refinement.parameterisation.detector.fix=distance"
REFINING_STEPS = ("index", "refine")


@dataclass(frozen=True, slots=True)
class StepWork:
    """One step of one run, about to be done."""

    run: Run
    step: str  # "index"
    run_directory: Path  # Path("/srv/beamloop/runs/i24/plate3-1f0c9a/xtal2_1/run-17")
    staging: Path  # a folder of its own inside run_directory; renamed to the step's name on success
    dials: Dials
    rung_records: tuple[RungRecord, ...] = ()  # what has worked on this beamline lately; for index
    reference_geometry: Path | None = None  # an .expt file in staging whose detector is taken; for import

    @property
    def options(self) -> tuple[str, ...]:
        """The options of this step's program; what a person has set comes last and counts."""
        held = (HOLD_DISTANCE,) if self.run.geometry and self.step in REFINING_STEPS else ()
        return (*held, *self._chosen_options)

    @property
    def _chosen_options(self) -> tuple[str, ...]:
        """The profile's options of this step, and a person's."""
        return self.run.parameters.options.get(self.step, ())

    @property
    def limits(self) -> ProgramLimits:
        """What one program may use."""
        return self.run.parameters.limits

    @property
    def image_count(self) -> int:
        """How many images the sweep has."""
        return len(self.run.images.numbers)

    def below(self, name: str, options: Sequence[str] = ()) -> "StepWork":
        """Return this step in a new folder of its own below, with options before those that it has."""
        folder = self.staging / name
        folder.mkdir()
        parameters = self.run.parameters
        whole = {**parameters.options, self.step: (*options, *self._chosen_options)}
        run = replace(self.run, parameters=replace(parameters, options=whole))
        return replace(self, run=run, staging=folder)

    def reference_from(self, folder: Path) -> Path | None:
        """Return the reference geometry relative to a program's folder, as it stands in argv."""
        reference = self.reference_geometry
        return None if reference is None else relative_to(folder, reference)

    def output_of(self, step: str, name: str) -> Path:
        """Where an earlier step's file is, on this machine."""
        return self.run_directory / step / name

    def input_from(self, step: str, name: str) -> Path:
        """Return an earlier step's file relative to this step's folder, as it stands in argv.

        Relative paths stay true when the staging folder is renamed and when the run is copied.
        """
        return Path("..", step, name)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found: the words for people, the facts for the catalogue."""

    text: str  # "181 of 214 spots indexed"
    outcome: Outcome | None = None  # set when the run ends here
    programs: tuple[ProgramResult, ...] = ()
    rungs: tuple[RungFact, ...] = ()
    spots: SpotCounts | None = None
    crystals: tuple[CrystalFact, ...] = ()
    integration: IntegrationFact | None = None


def stopped(
    work: StepWork, code: OutcomeCode, sentence: str, programs: Sequence[ProgramResult] = ()
) -> Finding:
    """Return the finding of a step with which the run ends before its time."""
    return Finding(sentence, Outcome(code, sentence, work.step), programs=tuple(programs))


def processed(work: StepWork, text: str, sentence: str, programs: Sequence[ProgramResult]) -> Finding:
    """Return the finding of the last step of a run that has ended well."""
    sentence += multiple_of_known(work.output_of("integrate", "integrated.expt"), work.run.parameters.sample)
    if not work.run.parameters.for_merging:
        sentence += " Fast summation: good for cells and geometry, not for merging."
    return Finding(text, Outcome(OutcomeCode.PROCESSED, sentence, work.step), programs=tuple(programs))
