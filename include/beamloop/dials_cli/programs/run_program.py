"""What every program's function does in the end."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.records.program import ProgramLimits, ProgramRequest, ProgramResult

DEFAULT_LIMITS = ProgramLimits()


def run_program(
    dials: Dials,
    directory: Path,
    program: str,
    named: Sequence[str],
    outputs: Sequence[str],
    options: Sequence[str],
    limits: ProgramLimits,
) -> ProgramResult:
    """Start `dials.PROGRAM`; what it prints goes to PROGRAM.out.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    program
        Without "dials.".
    named
        The arguments before the options.
    outputs
        The files that it must leave in `directory`.
    """
    request = ProgramRequest(
        argv=(f"dials.{program}", *named, *options),
        working_directory=directory,
        log_name=f"{program}.out",
        expected_outputs=tuple(outputs),
        limits=limits,
    )
    return dials.starter.run(request)
