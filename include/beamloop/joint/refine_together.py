"""One joint refinement; crystals with too few reflections leave by name, the rest is refined again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.reflections import IndexingSummary
from beamloop.joint.crystals import Crystal, Pair, read_pair
from beamloop.joint.work import JointWork
from beamloop.records.joint import CrystalKey
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.unit_cells.enough import fewest_reflections

# Where fewer than five reflections of a crystal are left DIALS stops by default; so it takes these out
# instead, and that crystal leaves with the others that have too few.
TAKE_OUT = "auto_reduction.action=remove"


@dataclass(frozen=True, slots=True)
class Refined:
    """What came of refining some crystals together."""

    crystals: tuple[Crystal, ...]  # those that stayed, in the files' order
    files: Pair | None  # None: the last program failed
    left: dict[CrystalKey, str]
    programs: tuple[ProgramResult, ...]


def refine_together(
    work: JointWork,
    name: str,
    crystals: Sequence[Crystal],
    shared: Sequence[str],
    *,
    geometry: Pair | None = None,
    options: Sequence[str] = (),
) -> Refined:
    """Refine crystals until none has too few reflections.

    Parameters
    ----------
    work
        The step.
    name
        What the folders are called, e.g. "anchor".
    crystals
        At least one.
    shared
        The models that all share: beam, detector, goniometer.
    geometry
        Files of one refined crystal that lends the shared models and is refined along, as the first of the
        results; None: the first of `crystals` lends them.
    options
        For dials.refine, over those of the joint refinement.
    """
    staying = list(crystals)
    left: dict[CrystalKey, str] = {}
    started: list[ProgramResult] = []
    while True:
        folder = work.new_folder(f"{name}-{len(started) // 2 + 1}")
        started += _refine(work, folder, staying, shared, geometry, options)
        weak = _too_weak(folder, staying, started[-1], lends=geometry is not None)
        if not weak:
            break
        left |= {crystal.key: why for crystal, why in weak}
        staying = [crystal for crystal in staying if crystal.key not in left]
    files = (folder / "refined.expt", folder / "refined.refl") if started[-1].succeeded else None
    return Refined(tuple(staying), files, left, tuple(started))


def _refine(
    work: JointWork,
    folder: Path,
    crystals: Sequence[Crystal],
    shared: Sequence[str],
    geometry: Pair | None,
    options: Sequence[str],
) -> list[ProgramResult]:
    lent = [geometry] if geometry else []
    pairs = [
        (relative_to(folder, expt), relative_to(folder, refl))
        for expt, refl in (*lent, *(crystal.files for crystal in crystals))
    ]
    combined = programs.combine_experiments(work.dials, folder, pairs, shared=shared, limits=work.limits)
    if not combined.succeeded:
        return [combined, combined]
    # DIALS refuses it for a crystal alone, which would have nothing left.
    take_out = (TAKE_OUT,) if len(pairs) > 1 else ()
    refined = programs.refine(
        work.dials,
        folder,
        Path("combined.expt"),
        Path("combined.refl"),
        engine=work.dials.settings.refinement_engine,
        options=(
            *take_out,
            f"n_static_macrocycles={work.joint.options.outlier_rounds}",
            *work.joint.options.refine,
            *options,
        ),
        limits=work.limits,
    )
    return [combined, refined]


def _too_weak(
    folder: Path, crystals: Sequence[Crystal], result: ProgramResult, *, lends: bool
) -> list[tuple[Crystal, str]]:
    """Name the crystals that cannot be refined, and why; never all of them."""
    if len(crystals) == 1:
        return []
    if not result.succeeded:
        if result.end is not ProgramEnd.EXITED:
            return []
        explanation = explain_failure(result)
        if explanation.cause is not FailureCause.TOO_FEW_REFLECTIONS:
            return []
        fewest = min(crystals, key=lambda crystal: crystal.before.used_count)
        return [(fewest, f"it had the fewest reflections when dials.refine said: {explanation.quote}")]
    found = read_pair(folder / "refined.expt", folder / "refined.refl")[1 if lends else 0 :]
    weak = [
        (crystal, why)
        for crystal, (_, summary) in zip(crystals, found, strict=True)
        if (why := _why_too_few(crystal, summary))
    ]
    return weak if len(weak) < len(crystals) else weak[:-1]


def _why_too_few(crystal: Crystal, summary: IndexingSummary) -> str:
    """Say that too few reflections were used; "" where they were enough."""
    if crystal.model.crystal is None:
        return "it has no crystal"
    fewest = fewest_reflections(crystal.model.crystal.hall_symbol)
    if summary.used_count >= fewest:
        return ""
    return f"{summary.used_count} of its {summary.indexed_count} reflections were used, {fewest} are needed"
