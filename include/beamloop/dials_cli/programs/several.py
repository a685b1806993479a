"""Several experiments in one list: together, and apart again."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import DEFAULT_LIMITS, run_program
from beamloop.records.program import ProgramLimits, ProgramResult

SHARED = ("beam", "goniometer", "detector")


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
        As for all programs, see the package.
    experiments, reflections
        Several experiments and their reflections.
    experiment_count
        How many experiments there are.
    """
    stems = [split_name(number, experiment_count) for number in range(experiment_count)]
    outputs = [f"{stem}.{suffix}" for stem in stems for suffix in ("expt", "refl")]
    named = [str(experiments), str(reflections)]
    return run_program(dials, directory, "split_experiments", named, outputs, (), limits)


def split_name(number: int, experiment_count: int) -> str:
    """Return the stem of the files that dials.split_experiments writes for an experiment, counted from 0."""
    return f"split_{number:0{len(str(experiment_count - 1))}d}"


def combine_experiments(
    dials: Dials,
    directory: Path,
    pairs: Sequence[tuple[Path, Path]],
    *,
    shared: Sequence[str] = SHARED,
    reference: int = 0,
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Put experiments together on one beam, goniometer and detector; write combined.expt, .refl.

    Each keeps a crystal and a scan of its own. A goniometer's fixed rotation is shared too: only for
    experiments of one kappa setting.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see the package.
    pairs
        Experiments and reflections that belong together.
    shared
        Which models all take over from one experiment.
    reference
        That experiment, counted from 0.
    """
    named = [str(path) for pair in pairs for path in pair]
    named += [f"reference_from_experiment.{model}={reference}" for model in shared]
    # By default DIALS refuses models that differ, and each comes from an experiment list of its own.
    named.append("reference_from_experiment.compare_models=False")
    outputs = ["combined.expt", "combined.refl"]
    return run_program(dials, directory, "combine_experiments", named, outputs, (), limits)
