"""From integrated reflections of one or several sweeps to a merged MTZ file."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import DEFAULT_LIMITS, run_program
from beamloop.records.program import ProgramLimits, ProgramResult

STATISTICS_NAME = "statistics.json"
SYMMETRIZED = ("symmetrized.expt", "symmetrized.refl")


def cosym(
    dials: Dials,
    directory: Path,
    pairs: Sequence[tuple[Path, Path]],
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Find the Laue group of several sweeps and index them alike; write symmetrized.expt, .refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package. "space_group=..." where it is known.
    pairs
        Integrated experiments and reflections of each sweep.
    """
    # Newer versions take one process per CPU; 3.12 has the option without a use.
    named = [*(str(path) for pair in pairs for path in pair), "nproc=1"]
    return run_program(dials, directory, "cosym", named, SYMMETRIZED, options, limits)


def symmetry(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Find Laue group and screw axes; write symmetrized.expt, .refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package. "laue_group=None" looks for screw axes only.
    experiments, reflections
        Integrated ones, or those of dials.cosym.
    """
    named = [str(experiments), str(reflections)]
    return run_program(dials, directory, "symmetry", named, SYMMETRIZED, options, limits)


def scale(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Put reflections on one scale and reject outliers; write scaled.expt, .refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments, reflections
        With their space group, indexed alike.
    """
    named = [str(experiments), str(reflections)]
    return run_program(dials, directory, "scale", named, ["scaled.expt", "scaled.refl"], options, limits)


def merge(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Merge scaled reflections; write merged.mtz and statistics.json.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments, reflections
        Scaled ones.
    """
    named = [str(experiments), str(reflections), f"output.json={STATISTICS_NAME}"]
    return run_program(dials, directory, "merge", named, ["merged.mtz", STATISTICS_NAME], options, limits)
