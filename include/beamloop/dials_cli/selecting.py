"""Deal indexed reflections to parts by rotation."""

from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.run_script import run_script
from beamloop.records.program import ProgramLimits, ProgramResult


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
    return run_script(
        dials,
        directory,
        "select_reflections.py",
        [str(experiments), str(reflections), pattern, str(block_count)],
        log_name="select_reflections.out",
        outputs=[f"part_{letter}.refl" for letter in sorted(set(pattern))],
        limits=limits,
    )
