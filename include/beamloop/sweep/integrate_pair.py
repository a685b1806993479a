"""Integrate one pair of files, to all resolutions where the profile's limits leave too few strong spots."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.dials_cli.paths import relative_to
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.sweep.work import StepWork

# The profile `cells` predicts from 8 to 3 A to save time. Most spots of a weak crystal lie further in: of the
# 28 and 29 spots of two simulated wedges 6 and 5 were within the limits, and modelling takes 10.
LIMITS = ("prediction.d_min=", "prediction.d_max=")
ALL_RESOLUTIONS = tuple(f"{limit}None" for limit in LIMITS)
# Of three simulated wedges with 11 to 20 spots refinement used 6, 6 and 9, and their cells came out right to
# 0.3 %. They are enough for the spots' size where pixels are only summed.
NEEDED_SPOTS = "profile.gaussian_rs.min_spots.overall="
FEWER_SPOTS = (f"{NEEDED_SPOTS}5",)
# Too few are within the limits, or none.
WANT_OF_SPOTS = (FailureCause.TOO_FEW_REFLECTIONS, FailureCause.NOTHING_LEFT)
WIDE_WORDS = "to all resolutions, too few strong spots were within the limits"


@dataclass(frozen=True, slots=True)
class Integrated:
    """What was started for one pair of files, and whether the limits were lifted."""

    results: tuple[ProgramResult, ...]
    widened: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether integrated.expt and .refl are in the folder."""
        return self.results[-1].succeeded


def integrate_pair(work: StepWork, folder: Path, expt: Path, refl: Path) -> Integrated:
    """Integrate in a folder, and once more without resolution limits where too few spots are within them.

    Parameters
    ----------
    work
        The step.
    folder
        Where integrated.expt and .refl shall stand.
    expt, refl
        Refined ones, relative to the folder.
    """
    first = _integrate(work, folder, expt, refl, ())
    if first.succeeded or not (wants_spots(first) and _has_limits(work)):
        return Integrated((first,))
    wide = folder / "all_resolutions"
    wide.mkdir()
    up = relative_to(wide, folder)
    fewer = () if work.run.parameters.for_merging or _number_is_set(work) else FEWER_SPOTS
    second = _integrate(work, wide, up / expt, up / refl, (*ALL_RESOLUTIONS, *fewer))
    if not second.succeeded:
        return Integrated((first, second))
    for name in ("integrated.expt", "integrated.refl"):
        shutil.copyfile(wide / name, folder / name)
    return Integrated((first, second), widened=True)


def wants_spots(result: ProgramResult) -> bool:
    """Tell whether a program failed for want of strong spots to model profiles with."""
    return result.end is ProgramEnd.EXITED and explain_failure(result).cause in WANT_OF_SPOTS


def _has_limits(work: StepWork) -> bool:
    return any(option.startswith(LIMITS) and not option.endswith("=None") for option in work.options)


def _number_is_set(work: StepWork) -> bool:
    """Tell whether a person has set how many spots are needed: the profile names the number once."""
    return sum(option.startswith(NEEDED_SPOTS) for option in work.options) > 1


def _integrate(
    work: StepWork, folder: Path, expt: Path, refl: Path, options: tuple[str, ...]
) -> ProgramResult:
    return programs.integrate(
        work.dials, folder, expt, refl, options=(*work.options, *options), limits=work.limits
    )
