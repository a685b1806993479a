"""A DIALS of which a test says what each program does, and a step to do with it; no process is started."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from beamloop.beamlines.profiles import make_parameters
from beamloop.dials_cli.handle import Dials
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.images import NumberedImages
from beamloop.records.parameters import Parameters
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramRequest, ProgramResult
from beamloop.records.run import Run
from beamloop.records.sample import Sample, UnitCell
from beamloop.settings import DialsSettings
from beamloop.sweep.work import StepWork

HEXAGONAL = Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
# Does a program's work in its folder and returns what it prints; "" is success.
Script = Callable[[ProgramRequest], str]


class ScriptedStarter:
    """Starts nothing: a program prints what the script returns, and fails if that is anything."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def run(self, request: ProgramRequest) -> ProgramResult:
        """Do what the script says."""
        words = self._script(request)
        log = request.working_directory / request.log_name
        log.write_text(words)
        missing = [n for n in request.expected_outputs if not (request.working_directory / n).exists()]
        end, exit_code = ProgramEnd.EXITED, 1 if words else 0
        now = datetime.now(UTC)
        return ProgramResult(request.argv, end, exit_code, 1.0, 1.0, 2**20, now, log, tuple(missing))


def scripted_work(
    run_directory: Path, step: str, script: Script, *, limits: ProgramLimits = ProgramLimits()
) -> StepWork:
    """Return a step of a wedge of twelve images that are there, about to be done in an empty folder."""
    images = NumberedImages(run_directory / "data", "x_", 5, ".cbf", 1, 12)
    images.directory.mkdir(parents=True, exist_ok=True)
    for path in images.paths():
        path.write_bytes(b"an image")
    staging = run_directory / f".staging-{step}"
    staging.mkdir()
    parameters: Parameters = make_parameters("cells", sample=HEXAGONAL, limits=limits)
    run = Run(RunId(1), RequestId(1), "x", images, "a" * 64, parameters, "3.12.1", "i24/plate/x/run-1")
    return StepWork(run, step, run_directory, staging, Dials(DialsSettings(), ScriptedStarter(script)))
