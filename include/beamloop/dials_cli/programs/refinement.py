"""From a lattice to an MTZ file."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import DEFAULT_LIMITS, run_program
from beamloop.dials_cli.run_script import run_script
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.settings import RefinementEngine

REFINE_BLOCKED = "refine_blocked.py"


def refine(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    engine: RefinementEngine = RefinementEngine.STOCK,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Refine crystal, detector and beam; write refined.expt and refined.refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments, reflections
        Indexed ones.
    engine
        How the normal matrix is built; the steps are the same. The blocked one is worth its while for many
        parameters, and it falls back to the stock one by itself, with the reason in the log.
    """
    named = [str(experiments), str(reflections)]
    outputs = ["refined.expt", "refined.refl"]
    if engine is RefinementEngine.STOCK:
        return run_program(dials, directory, "refine", named, outputs, options, limits)
    arguments = [*named, *options]
    return run_script(
        dials, directory, REFINE_BLOCKED, arguments, log_name="refine.out", outputs=outputs, limits=limits
    )


def integrate(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Integrate every predicted reflection; write integrated.expt and integrated.refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments, reflections
        Refined ones.
    """
    named = [str(experiments), str(reflections), "integration.mp.nproc=1"]
    outputs = ["integrated.expt", "integrated.refl"]
    return run_program(dials, directory, "integrate", named, outputs, options, limits)


def export(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    mtz: Path = Path("integrated.mtz"),
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Write integrated reflections as an MTZ file.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package. Summation results need the option "intensity=sum".
    experiments, reflections
        Integrated ones.
    mtz
        The file to write, relative to `directory`.
    """
    named = [str(experiments), str(reflections), "format=mtz", f"mtz.hklout={mtz}"]
    return run_program(dials, directory, "export", named, [str(mtz)], options, limits)
