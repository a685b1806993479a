"""What the sweeps of a collection agree on, and who could do with it: nothing here starts a program."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from beamloop.catalog.second_chances import SiblingSweep
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import Sample, UnitCell
from beamloop.records.siblings import Siblings
from beamloop.sweep.acceptance import CELL_ANGLE_TOLERANCE_DEG, CELL_LENGTH_TOLERANCE

# The median of five stands when two of them are wrong; and two thirds of all must agree, so that a plate of
# two crystal forms gives no second chances rather than wrong ones.
FEWEST_SIBLINGS = 5
SHARE_THAT_AGREES = 2 / 3
# A sweep of too few spots, fewer than ten, gets none: it takes nine that all fit, whoever knows the cell.
WITHOUT_LATTICE = (OutcomeCode.NO_LATTICE, OutcomeCode.WRONG_SYMMETRY)
TRICLINIC = "P 1"


@dataclass(frozen=True, slots=True)
class Consensus:
    """Space group, median cell and median detector of the siblings that agree."""

    sample: Sample
    siblings: Siblings


def find_consensus(sweeps: Sequence[SiblingSweep]) -> Consensus | None:
    """Return what at least five sweeps and two thirds of all with a lattice agree on, else None.

    Parameters
    ----------
    sweeps
        Of one collection. A sweep that stayed triclinic where nothing was known of the symmetry says nothing
        about it and has no vote, unless none has more symmetry.
    """
    processed = [s for s in sweeps if s.code is OutcomeCode.PROCESSED and s.cell and s.space_group]
    voters = [s for s in processed if s.space_group != TRICLINIC] or processed
    if not voters:
        return None
    group, _ = Counter(s.space_group for s in voters).most_common(1)[0]
    same_group = [s for s in voters if s.space_group == group]
    middle = _median_cell(same_group)
    agreeing = [s for s in same_group if s.cell and _is_near(s.cell, middle)]
    if len(agreeing) < max(FEWEST_SIBLINGS, SHARE_THAT_AGREES * len(voters)):
        return None
    return Consensus(Sample(group, UnitCell(*_median_cell(agreeing))), _siblings(agreeing))


def wants_second_chance(sweep: SiblingSweep, consensus: Consensus) -> bool:
    """Tell whether a sweep could do with the consensus: it has no lattice, or another symmetry by itself."""
    if sweep.had_second_chance or not sweep.ended_lately:
        return False
    if sweep.code in WITHOUT_LATTICE:
        return True
    chose_itself = sweep.code is OutcomeCode.PROCESSED and not sweep.parameters.sample.space_group
    group = consensus.sample.space_group
    return chose_itself and group != TRICLINIC and sweep.space_group not in (None, group)


def _median_cell(sweeps: Sequence[SiblingSweep]) -> tuple[float, ...]:
    """Return the medians of a, b, c (angstrom), alpha, beta, gamma (deg), to digits that mean something."""
    cells = [sweep.cell for sweep in sweeps if sweep.cell]
    return tuple(round(median(values), 3) for values in zip(*cells, strict=True))


def _is_near(cell: tuple[float, ...], middle: tuple[float, ...]) -> bool:
    pairs = list(zip(cell, middle, strict=True))
    lengths_fit = all(abs(a - b) <= CELL_LENGTH_TOLERANCE * b for a, b in pairs[:3])
    return lengths_fit and all(abs(a - b) <= CELL_ANGLE_TOLERANCE_DEG for a, b in pairs[3:])


def _siblings(agreeing: Sequence[SiblingSweep]) -> Siblings:
    def middle(values: Sequence[float | None]) -> float:
        return round(median(value for value in values if value is not None), 3)

    return Siblings(
        count=len(agreeing),
        distance_mm=middle([s.distance_mm for s in agreeing]),
        beam_x_mm=middle([s.beam_x_mm for s in agreeing]),
        beam_y_mm=middle([s.beam_y_mm for s in agreeing]),
    )
