"""How well two halves of the data agree on where the panels are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beamloop.dials_cli.experiments import read_experiments
from beamloop.geometry.models import first_models
from beamloop.geometry.panels import PanelMoves, panel_moves, panels_of, rms_in_plane_um
from beamloop.metrology.held_out import refined_pair
from beamloop.metrology.refine import SAME_MM, Level, deal, refine_level
from beamloop.metrology.work import MetrologyWork
from beamloop.records.program import ProgramResult

HALVES = "AB"  # blocks of rotation go to them by turns


@dataclass(frozen=True, slots=True)
class HalfSplit:
    """The second half's panels against the first's."""

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
    several = len(read_experiments(start).experiments) > 1
    found = []
    for letter in HALVES:
        half = work.new_folder(f"halves/{letter}")
        pair = start, folder / f"part_{letter}.refl"
        started.append(refine_level(work, half, pair, level.level, several=several))
        if not started[-1].succeeded:
            return None
        found.append(half / "refined.expt")
    return compare_halves(start, found[0], found[1])


def compare_halves(start: Path, first: Path, second: Path) -> HalfSplit | None:
    """Compare the panels that two refinements from one start have moved; None for fewer than two panels."""
    before, one, other = (panels_of(first_models(path)) for path in (start, first, second))
    compared = np.array([
        not any(np.allclose(before.centres_mm[place], half.centres_mm[place], rtol=0, atol=SAME_MM)
                for half in (one, other))
        for place in range(len(before.centres_mm))
    ])  # fmt: skip
    if compared.sum() < 2:
        return None
    moves = panel_moves(one, other, compared)
    return HalfSplit(moves, tuple(map(bool, compared)), rms_in_plane_um(moves, compared))
