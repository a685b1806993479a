"""Deal indexed reflections to parts by rotation."""

from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.records.program import ProgramLimits, ProgramRequest, ProgramResult

SCRIPT = Path(__file__).with_name("scripts") / "select_reflections.py"


def deal_reflections(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    pattern: str,
    block_count: int,
    limits: ProgramLimits,
) -> ProgramResult:
    """Deal blocks of rotation to parts; write part_A.refl and so on.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see :mod:`beamloop.dials_cli.programs`.
    experiments, reflections
        Indexed ones.
    pattern
        A letter for each block, used again from the beginning: "AB" deals them alternately.
    block_count
        How many blocks of equal rotation each experiment is cut into.
    """
    named = [str(experiments), str(reflections), pattern, str(block_count)]
    request = ProgramRequest(
        argv=(str(dials.settings.python), str(SCRIPT), *named),
        working_directory=directory,
        log_name="select_reflections.out",
        expected_outputs=tuple(f"part_{letter}.refl" for letter in sorted(set(pattern))),
        limits=limits,
    )
    return dials.starter.run(request)
