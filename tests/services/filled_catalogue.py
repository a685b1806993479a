"""A catalogue filled as the stages fill it, without DIALS: what tests of commands ask about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from beamloop.beamlines.profiles import make_parameters
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing, take_up
from beamloop.catalog.runs import record_step, start_run
from beamloop.records.artifact import StoredObject
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import RunId
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import Parameters
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramResult
from beamloop.records.run import CrystalFact, RungFact, SpotCounts, StepReport
from beamloop.records.sample import Sample, UnitCell

HEXAGONAL = Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
VERSION = "3.12.1"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def parameters(*settings: str, profile: str = "cells", sample: Sample = HEXAGONAL) -> Parameters:
    """Return a parameter set."""
    return make_parameters(profile, settings=settings, sample=sample, limits=ProgramLimits())


def started(*argv: str, step: str, folder: str = "", exit_code: int = 0) -> ProgramResult:
    """Return a program that ran in a step's staging folder, or below it."""
    log_path = Path("/runs", f".staging-{step}", folder, f"{argv[0]}.out")
    return ProgramResult(argv, ProgramEnd.EXITED, exit_code, 1.5, 1.2, 2**30, NOW, log_path, ())


@dataclass(slots=True)
class FilledCatalogue:
    """One collection of a catalogue."""

    catalog: Catalog
    directory: Path
    beamline: str = "i24"
    runs: dict[str, RunId] = field(default_factory=dict)

    def ask(self, *sweeps: str, how: Parameters | None = None, again: bool = False) -> None:
        """Register sweeps and ask for their runs."""
        found = tuple(
            FoundSweep(NumberedImages(self.directory, f"{name}_", 5, ".cbf", 1, 12), "a" * 64)
            for name in sweeps
        )
        collection = FoundCollection(self.beamline, self.directory, found, HEXAGONAL)
        with self.catalog.transaction() as connection:
            _, requests = request_processing(
                connection, collection, how or parameters(), VERSION, requested_by="a test", again=again
            )
            for request in requests:
                self.runs |= {name: run_id for run_id, name in take_up(connection, request)}

    def end(
        self, sweep: str, code: OutcomeCode, sentence: str, step: str = "index", space_group: str = "H 3"
    ) -> None:
        """Let a sweep's newest run go through import and end with a step."""
        first = StepReport("import", NOW, NOW, "12 images of 0.5 deg",
                           programs=(started("dials.import", "template=it's $(x)_####.cbf", step="import"),),
                           artifact_names=("imported.expt",))  # fmt: skip
        rungs = (RungFact(1, "fft3d, no symmetry", "The first.", False, 0, sentence, 3.0),
                 RungFact(2, "fft1d, no symmetry", "It failed.", False, 5, "5 spots", 1.5))  # fmt: skip
        crystal = CrystalFact(1, space_group, (98.3, 98.3, 136.6, 90, 90, 120), (0.02, 0.02, 0.05, 0, 0, 0),
                              181, 0.04, 0.05, 0.2, 0.3, 0.1, 250, 84, 90)  # fmt: skip
        last = StepReport(
            step, NOW, NOW, sentence,
            outcome=Outcome(code, sentence, step),
            programs=(started("dials.index", "../../import/imported.expt", step=step, folder="rung-1"),),
            rungs=rungs if step == "index" else (),
            spots=SpotCounts(214, (19,) * 12),
            crystals=(crystal,) if code is OutcomeCode.PROCESSED and step in ("refine", "integrate") else (),
            artifact_names=("dials.index.log",),
        )  # fmt: skip
        for report in (first, last):
            self._record(self.runs[sweep], report)

    def _record(self, run_id: RunId, report: StepReport) -> None:
        stored: Sequence[StoredObject] = [
            StoredObject(f"{self.beamline}/run-{run_id}/{report.step}/{name}", "b" * 64, 10)
            for name in report.artifact_names
        ]
        with self.catalog.transaction() as connection:
            start_run(connection, run_id)
            record_step(connection, run_id, report, stored)
