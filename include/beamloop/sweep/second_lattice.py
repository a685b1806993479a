"""Look for another lattice among the spots that the first left over, and keep the stronger."""

from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli.crystal_writing import write_primitive
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.dials_cli.unindexed_spots import write_unindexed
from beamloop.sweep.attempt import Attempt
from beamloop.sweep.judge import indexed_count
from beamloop.sweep.rungs import climb, impose
from beamloop.sweep.work import Finding, StepWork

REASON = "Many spots are left over: another crystal may have been in the beam."
STRONGER = "The second lattice indexes more spots than the first: it is the one to process."
START = "stronger_lattice.expt"
# Fewer left over cannot prove a lattice, see acceptance.HIGHEST_CHANCE; and a good wedge of one crystal
# leaves up to a tenth: the tails of strong spots, ice, spots beyond the tolerance.
FEWEST_LEFT = 20
LEFT_FRACTION = 0.2


def look_for_second(work: StepWork, found: Attempt) -> list[Attempt]:
    """Search the spots left over, where they are many, as the first lattice was searched.

    Parameters
    ----------
    work
        The step.
    found
        The attempt whose lattice counts.

    Returns
    -------
    list of Attempt
        Empty where few spots are left; an accepted one is a stronger lattice that takes the first one's
        place. A second lattice that is only told is not accepted: it is not the sweep's.
    """
    reflections = found.folder / "indexed.refl"
    first_count = indexed_count(found.finding.crystals)
    left_count = read_reflections(reflections).row_count - first_count
    if left_count < max(FEWEST_LEFT, LEFT_FRACTION * (left_count + first_count)):
        return []
    folder = work.staging / "second_lattice"
    folder.mkdir()
    write_unindexed(reflections, folder / "left_over.refl")
    plain = replace(found.rung, search_beam=False, spot_options=())
    inputs = replace(found.inputs, spots=folder / "left_over.refl")
    second = climb(work, plain, folder, inputs)
    method = f"{plain.method}, spots left over"
    told = replace(second, text=_words(second, left_count))
    attempts = [Attempt(method, REASON, plain, inputs, folder, told, counts=False)]
    if second.outcome is None and indexed_count(second.crystals) > first_count:
        attempts.append(_exchange(work, found, folder))
    return attempts


def _words(second: Finding, left_count: int) -> str:
    if second.outcome:
        return f"the {left_count} remaining spots show no second lattice"
    return f"a second lattice indexes {indexed_count(second.crystals)} of the {left_count} remaining spots"


def _exchange(work: StepWork, found: Attempt, second_folder: Path) -> Attempt:
    """Index all spots with the stronger lattice."""
    folder = work.staging / "stronger_lattice"
    folder.mkdir()
    start = work.staging / START
    write_primitive(second_folder / "indexed.expt", start)
    known = replace(found.inputs, experiments=start)
    finding = impose(work, found.rung, folder, known, work.run.parameters.sample)
    return Attempt(found.method, STRONGER, found.rung, found.inputs, folder, finding)
