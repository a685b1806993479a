"""From spots to a lattice."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import DEFAULT_LIMITS, run_program
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.sample import UnitCell

# As 3.12 refines Bravais settings by itself, and as they are judged (decision 8); newer versions fix beam and
# detector where the triclinic crystal has them.
FREE_MODELS = (
    "refinement.parameterisation.beam.fix=in_spindle_plane+wavelength",
    "refinement.parameterisation.detector.fix=None",
)


def index(
    dials: Dials,
    directory: Path,
    experiments: Path,
    strong_refl: Path,
    *,
    space_group: str | None = None,
    unit_cell: UnitCell | None = None,
    output_stem: str = "indexed",
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Find the lattice of the strong spots; write `output_stem`.expt and .refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments
        Imported ones, or ones that have a crystal already, whose orientation is then kept.
    strong_refl
        The spots of dials.find_spots.
    space_group
        Hermann-Mauguin symbol to impose, e.g. "H 3"; None: triclinic.
    unit_cell
        The known cell; it must go with `space_group`.
    output_stem
        What the outputs are called, e.g. "P1_models" for a search without symmetry.
    """
    # The default of newer versions, Auto, refuses several sweeps, and blocks of one sweep are such.
    named = [str(experiments), str(strong_refl), "indexing.nproc=1", "indexing.joint_indexing=true"]
    named += [f"output.experiments={output_stem}.expt", f"output.reflections={output_stem}.refl"]
    if space_group is not None:
        named.append(f"indexing.known_symmetry.space_group={space_group}")
    if unit_cell is not None:
        named.append(f"indexing.known_symmetry.unit_cell={unit_cell}")
    outputs = [f"{output_stem}.expt", f"{output_stem}.refl"]
    return run_program(dials, directory, "index", named, outputs, options, limits)


def search_beam_position(
    dials: Dials,
    directory: Path,
    imported_expt: Path,
    strong_refl: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Look for the beam centre that makes the spots most regular; write optimised.expt.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    imported_expt
        The experiments of dials.import.
    strong_refl
        The spots of dials.find_spots.
    """
    # Short on purpose: newer versions may keep it in a scope of the method's own.
    named = [str(imported_expt), str(strong_refl), "nproc=1"]
    return run_program(dials, directory, "search_beam_position", named, ["optimised.expt"], options, limits)


def refine_bravais_settings(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Refine a triclinic crystal in every Bravais setting that its cell allows; write bravais_summary.json.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    experiments, reflections
        Indexed ones, triclinic.
    """
    named = [str(experiments), str(reflections), "nproc=1", *FREE_MODELS]
    outputs = ["bravais_summary.json"]
    return run_program(dials, directory, "refine_bravais_settings", named, outputs, options, limits)
