"""One function per DIALS program: its arguments, its expected outputs.

Every function runs its program in `directory` (a step's staging directory), where the outputs keep DIALS's
names and the program's own log (`dials.index.log`) stands beside what it printed (`index.out`). `options`
are `name=value` texts that the caller has validated; they come last, so they win. Input paths must be plain
(:func:`beamloop.dials_cli.paths.is_plain_path`). All raise what
:meth:`beamloop.dials_cli.starter.PlainStarter.run` raises; a program that fails is a result, not an error.

Option names are those of 3.12.1 (`-c -e2 -a2`), whole where a short one could come to mean two things. Where
DIALS would take one process per CPU, it gets one.
"""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.records.program import ProgramLimits, ProgramRequest, ProgramResult
from beamloop.records.sample import UnitCell

DEFAULT_LIMITS = ProgramLimits()


def import_images(
    dials: Dials,
    directory: Path,
    images: Path | Sequence[Path],
    *,
    reference_geometry: Path | None = None,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Read the images' headers into imported.expt.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the module.
    images
        A template with # for each digit of the image number, or the image files one by one; blocks that
        are apart become several experiments.
    reference_geometry
        An .expt file whose detector, beam and goniometer replace the headers'.
    """
    named = [f"template={images}"] if isinstance(images, Path) else [str(path) for path in images]
    if reference_geometry is not None:
        named.append(f"input.reference_geometry={reference_geometry}")
    return _run(dials, directory, "import", named, ["imported.expt"], options, limits)


def find_spots(
    dials: Dials,
    directory: Path,
    imported_expt: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Find strong spots on the images and write strong.refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the module.
    imported_expt
        The experiments of dials.import.
    """
    named = [str(imported_expt), "spotfinder.mp.nproc=1"]
    return _run(dials, directory, "find_spots", named, ["strong.refl"], options, limits)


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
        As for all programs, see the module.
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
    return _run(dials, directory, "index", named, outputs, options, limits)


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
        As for all programs, see the module.
    imported_expt
        The experiments of dials.import.
    strong_refl
        The spots of dials.find_spots.
    """
    # Short on purpose: newer versions may keep it in a scope of the method's own.
    named = [str(imported_expt), str(strong_refl), "nproc=1"]
    return _run(dials, directory, "search_beam_position", named, ["optimised.expt"], options, limits)


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
        As for all programs, see the module.
    experiments, reflections
        Indexed ones, triclinic.
    """
    named = [str(experiments), str(reflections), "nproc=1"]
    outputs = ["bravais_summary.json"]
    return _run(dials, directory, "refine_bravais_settings", named, outputs, options, limits)


def refine(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Refine crystal, detector and beam; write refined.expt and refined.refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the module.
    experiments, reflections
        Indexed ones.
    """
    named = [str(experiments), str(reflections)]
    return _run(dials, directory, "refine", named, ["refined.expt", "refined.refl"], options, limits)


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
        As for all programs, see the module.
    experiments, reflections
        Refined ones.
    """
    named = [str(experiments), str(reflections), "integration.mp.nproc=1"]
    outputs = ["integrated.expt", "integrated.refl"]
    return _run(dials, directory, "integrate", named, outputs, options, limits)


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
        As for all programs, see the module. Summation results need the option "intensity=sum".
    experiments, reflections
        Integrated ones.
    mtz
        The file to write, relative to `directory`.
    """
    named = [str(experiments), str(reflections), "format=mtz", f"mtz.hklout={mtz}"]
    return _run(dials, directory, "export", named, [str(mtz)], options, limits)


def split_experiments(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    experiment_count: int,
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Write each experiment and its reflections to files of their own, see :func:`split_name`.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see the module.
    experiments, reflections
        Several experiments and their reflections.
    experiment_count
        How many experiments there are.
    """
    stems = [split_name(number, experiment_count) for number in range(experiment_count)]
    outputs = [f"{stem}.{suffix}" for stem in stems for suffix in ("expt", "refl")]
    named = [str(experiments), str(reflections)]
    return _run(dials, directory, "split_experiments", named, outputs, (), limits)


def split_name(number: int, experiment_count: int) -> str:
    """Return the stem of the files that dials.split_experiments writes for an experiment, counted from 0."""
    return f"split_{number:0{len(str(experiment_count - 1))}d}"


def combine_experiments(
    dials: Dials,
    directory: Path,
    pairs: Sequence[tuple[Path, Path]],
    *,
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Put experiments together on the first one's beam, goniometer and detector; write combined.expt, .refl.

    Each keeps a crystal and a scan of its own. A goniometer's fixed rotation is shared too: only for
    experiments of one kappa setting.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see the module.
    pairs
        Experiments and reflections that belong together.
    """
    named = [str(path) for pair in pairs for path in pair]
    named += [f"reference_from_experiment.{model}=0" for model in ("beam", "goniometer", "detector")]
    # By default DIALS refuses models that differ, and each comes from an experiment list of its own.
    named.append("reference_from_experiment.compare_models=False")
    outputs = ["combined.expt", "combined.refl"]
    return _run(dials, directory, "combine_experiments", named, outputs, (), limits)


def _run(
    dials: Dials,
    directory: Path,
    program: str,
    named: Sequence[str],
    outputs: Sequence[str],
    options: Sequence[str],
    limits: ProgramLimits,
) -> ProgramResult:
    """Start `dials.PROGRAM`; what it prints goes to PROGRAM.out."""
    request = ProgramRequest(
        argv=(f"dials.{program}", *named, *options),
        working_directory=directory,
        log_name=f"{program}.out",
        expected_outputs=tuple(outputs),
        limits=limits,
    )
    return dials.starter.run(request)
