"""How well two halves of the data agree on where the panels are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beamloop.dials_cli.experiments import read_experiments
from beamloop.geometry.models import first_models
from beamloop.geometry.panels import PanelMoves, Panels, panel_moves, panels_of, rms_in_plane_um
from beamloop.metrology.held_out import refined_pair
from beamloop.metrology.levels import SAME_MM, Level, Pair
from beamloop.metrology.refine import deal, refine_level
from beamloop.metrology.work import MetrologyWork
from beamloop.records.program import ProgramResult

HALVES = "AB"  # blocks of rotation go to them by turns

Half = tuple[Path, Path]  # the detector before and after the last level


@dataclass(frozen=True, slots=True)
class HalfSplit:
    """The second half's panels against the first's."""

    first: Panels
    second: Panels
    moves: PanelMoves
    compared: tuple[bool, ...]  # which panels both halves could refine
    rms_um: float  # 6.6, along one axis


def split_in_halves(
    work: MetrologyWork, whole: Level, level: Level, started: list[ProgramResult]
) -> HalfSplit | None:
    """Refine two halves of the data by themselves, from level 0 on; None where one of them cannot be.

    The halves are blocks of rotation by turns, so a crystal that turns out of its model is not in both alike,
    as it would be with reflections taken at random.

    Parameters
    ----------
    work
        The step evidence.
    whole, level
        Level 0, and the level to compare.
    started
        Takes the programs.
    """
    folder = work.new_folder("halves")
    start, _ = refined_pair(work, whole)
    _, reflections = refined_pair(work, level)
    started.append(deal(work, folder, (start, reflections), HALVES))
    if not started[-1].succeeded:
        return None
    halves = []
    for letter in HALVES:
        half = _refine_half(work, f"halves/{letter}", (start, folder / f"part_{letter}.refl"), level, started)
        if half is None:
            return None
        halves.append(half)
    return compare_halves(*halves)


def _refine_half(
    work: MetrologyWork, name: str, pair: Pair, level: Level, started: list[ProgramResult]
) -> Half | None:
    """Refine level by level, as the whole was."""
    several = len(read_experiments(pair[0]).experiments) > 1
    before = after = pair[0]
    for number in range(1, level.level + 1):
        folder = work.new_folder(f"{name}/level_{number}")
        before = after
        started.append(refine_level(work, folder, (before, pair[1]), number, several=several))
        if not started[-1].succeeded:
            return None
        after = folder / "refined.expt"
    return before, after


def compare_halves(first: Half, second: Half) -> HalfSplit | None:
    """Compare the panels that two refinements have moved; None for fewer than two panels."""
    (start, one), (other_start, other) = (
        [panels_of(first_models(path)) for path in half] for half in (first, second)
    )
    compared = np.array([
        not any(np.allclose(before, after, rtol=0, atol=SAME_MM)
                for before, after in ((start.centres_mm[place], one.centres_mm[place]),
                                      (other_start.centres_mm[place], other.centres_mm[place])))
        for place in range(len(one.centres_mm))
    ])  # fmt: skip
    if compared.sum() < 2:
        return None
    moves = panel_moves(one, other, compared)
    return HalfSplit(one, other, moves, tuple(map(bool, compared)), rms_in_plane_um(moves, compared))
