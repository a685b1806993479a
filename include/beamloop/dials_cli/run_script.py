"""Start a script of ours under the DIALS Python."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.server_door import SCRIPTS
from beamloop.records.program import ProgramLimits, ProgramRequest, ProgramResult


def run_script(
    dials: Dials,
    directory: Path,
    script: str,
    arguments: Sequence[str],
    *,
    log_name: str,
    outputs: Sequence[str] = (),
    limits: ProgramLimits,
) -> ProgramResult:
    """Run a script to its end, forked by the DIALS server where there is one.

    Parameters
    ----------
    dials
        Which DIALS.
    directory
        Where it runs, and where its outputs and its log go.
    script
        A file in the folder `scripts`, e.g. "select_reflections.py".
    arguments
        As they stand in argv.
    log_name
        For what it prints, e.g. "select_reflections.out".
    outputs
        The files that it must leave in `directory`.
    limits
        What it may use.

    Raises
    ------
    TransientError, PermanentError
        As :meth:`beamloop.dials_cli.starting.ProgramStarter.run`.
    """
    request = ProgramRequest(
        # -I keeps the caller's folder and environment out of its imports; the server knows scripts by it.
        argv=(str(dials.settings.python), "-I", str(SCRIPTS / script), *arguments),
        working_directory=directory,
        log_name=log_name,
        expected_outputs=tuple(outputs),
        limits=limits,
    )
    return dials.starter.run(request)
