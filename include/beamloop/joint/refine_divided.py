"""Refine all crystals of a group, in one refinement or in several that share one beam and one detector."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.paths import relative_to
from beamloop.joint.crystals import Crystal, Pair
from beamloop.joint.divide import FIXED, Division
from beamloop.joint.refine_together import Refined, refine_together
from beamloop.joint.work import JointWork
from beamloop.records.joint import CrystalKey
from beamloop.records.program import ProgramResult


@dataclass(slots=True)
class _Parts:
    """What the parts have come to so far."""

    crystals: list[Crystal]
    pairs: list[Pair]
    left: dict[CrystalKey, str]
    programs: list[ProgramResult]

    def stopped(self) -> Refined:
        """Return what there is when the last program has failed."""
        return Refined(tuple(self.crystals), None, self.left, tuple(self.programs))


def refine_divided(work: JointWork, division: Division, shared: Sequence[str]) -> Refined:
    """Refine the anchor, then the parts on its beam and detector; put all into one list of files.

    Parameters
    ----------
    work
        The step.
    division
        The crystals.
    shared
        The models that all share.
    """
    anchor = refine_together(work, "anchor", division.anchor, shared)
    if not division.parts or anchor.files is None:
        return anchor
    done = _Parts([], [], {}, [])
    pairs = _take(work, done, "anchor-split", anchor, lent=0)
    if pairs is None:
        return done.stopped()
    for number, part in enumerate(division.parts, start=1):
        refined = refine_together(work, f"part-{number}", part, shared, geometry=done.pairs[0], options=FIXED)
        if _take(work, done, f"part-{number}-split", refined, lent=1) is None:
            return done.stopped()
    return _together(work, done, division.order, shared)


def _take(work: JointWork, done: _Parts, name: str, refined: Refined, *, lent: int) -> list[Pair] | None:
    """Split a part's result; None when its refinement or the split failed."""
    done.programs += refined.programs
    done.left |= refined.left
    if refined.files is None:
        return None
    count = len(refined.crystals) + lent
    folder = work.new_folder(name)
    split = split_pairs(work, folder, refined.files, count)
    done.programs.append(split)
    if not split.succeeded:
        return None
    pairs = pairs_of_split(folder, count)[lent:]
    done.crystals += refined.crystals
    done.pairs += pairs
    return pairs


def split_pairs(work: JointWork, folder: Path, files: Pair, count: int) -> ProgramResult:
    """Split refined files into one pair for each crystal."""
    return programs.split_experiments(
        work.dials,
        folder,
        *(relative_to(folder, path) for path in files),
        experiment_count=count,
        limits=work.limits,
    )


def pairs_of_split(folder: Path, count: int) -> list[Pair]:
    """Return the files that :func:`split_pairs` has written."""
    stems = [folder / programs.split_name(number, count) for number in range(count)]
    return [(stem.with_suffix(".expt"), stem.with_suffix(".refl")) for stem in stems]


def _together(work: JointWork, done: _Parts, order: Sequence[CrystalKey], shared: Sequence[str]) -> Refined:
    """Put all into one list, in the order in which the crystals were given."""
    place = {key: number for number, key in enumerate(order)}
    ordered = sorted(zip(done.crystals, done.pairs, strict=True), key=lambda both: place[both[0].key])
    folder = work.new_folder("together")
    files = [(relative_to(folder, expt), relative_to(folder, refl)) for _, (expt, refl) in ordered]
    combined = programs.combine_experiments(work.dials, folder, files, shared=shared, limits=work.limits)
    done.programs.append(combined)
    if not combined.succeeded:
        return done.stopped()
    both = (folder / "combined.expt", folder / "combined.refl")
    return Refined(tuple(crystal for crystal, _ in ordered), both, done.left, tuple(done.programs))
