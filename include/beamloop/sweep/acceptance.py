"""When a lattice counts as found: strict enough that noise never does.

Indexing always fits something: nine numbers of the A matrix against every spot, over thousands of trial
lattices. What a chance lattice cannot do is index most spots *and* predict them well.
"""

from dataclasses import dataclass
from math import cbrt, exp, log, pi, sqrt

import gemmi

from beamloop.records.run import CrystalFact
from beamloop.records.sample import UnitCell

# dials.index gives a spot an index when its fractional index is within this distance of whole numbers
# (index_assignment.simple.hkl_tolerance), so a random spot gets one with the chance of a sphere's volume.
HKL_TOLERANCE = 0.3
CHANCE_OF_A_SPOT = 4 / 3 * pi * HKL_TOLERANCE**3  # 0.113
# Three spots fix the A matrix whatever they are; they prove nothing.
SPOTS_SPENT = 3
# 50 trial vectors in threes make 2e4 lattices a search; times ten searches a sweep and a hundred sweeps a
# night, and one false lattice in five nights. It takes 12 spots of 12, or 30 of 60.
HIGHEST_CHANCE = 1e-8
# Spots of a true lattice lie much closer: 18 of the 20 indexed ones of a wedge with 15 stray spots lie within
# 0.1, but 5 of the 13 of a chance lattice. A random spot does so with the chance 0.0042. Refinement may have
# helped here: up to sixteen parameters (nine of the crystal, five of the detector, two of the beam) against
# three coordinates a spot fit six spots whatever they are. It takes 11 spots of 12, or 14 of 60.
CLOSE_TOLERANCE = 0.1
CHANCE_OF_A_CLOSE_SPOT = 4 / 3 * pi * CLOSE_TOLERANCE**3
CLOSE_SPOTS_SPENT = 6
# Of all spots, so that a small regular part of a heap of noise is not taken for a crystal; half of it is
# what the weaker of two lattices of equal size leaves to the stronger.
LOWEST_FRACTION = 0.25
# Of the distance between neighbouring spots. Random spots within HKL_TOLERANCE lie at 0.3 / sqrt(5) = 0.134
# of it in each direction, after refinement with outlier rejection at 0.077-0.079 (measured on 120 and 300
# random spots); lattices of simulated wedges at 0.01-0.02, of the worst real ones (polyhedra) at 0.045.
HIGHEST_RMSD_FRACTION = 0.06
# Crystals of one form differ by 3 % at most; a known cell that is off by more has not been found.
CELL_LENGTH_TOLERANCE = 0.05
CELL_ANGLE_TOLERANCE_DEG = 3.0


@dataclass(frozen=True, slots=True)
class Lattice:
    """What is known of a lattice when it is judged."""

    fact: CrystalFact
    spot_count: int  # 214, all that the search was given
    wavelength_angstrom: float  # 0.978
    close_count: int = 0  # 170, within CLOSE_TOLERANCE of their whole indices
    start_chance: float = 1.0  # 3e-14, of the orientation that indexing began with

    @property
    def chance(self) -> float:
        """Bound the chance that random spots do as well, by the most telling of two counts and the start."""
        close = chance_of(self.close_count, self.spot_count, CHANCE_OF_A_CLOSE_SPOT, CLOSE_SPOTS_SPENT)
        return min(chance_of(self.fact.indexed_count, self.spot_count), close, self.start_chance)

    @property
    def rmsd_fraction(self) -> float | None:
        """RMSD on the detector over the distance of neighbouring spots, d = wavelength * distance / a.

        a is the edge of a cube as large as the primitive cell; small angles.
        """
        fact = self.fact
        if fact.rmsd_x_mm is None or fact.rmsd_y_mm is None:
            return None
        rmsd_mm = sqrt((fact.rmsd_x_mm**2 + fact.rmsd_y_mm**2) / 2)
        edge_angstrom = cbrt(primitive_volume_a3(fact))
        return rmsd_mm * edge_angstrom / (self.wavelength_angstrom * fact.distance_mm)


def primitive_volume_a3(fact: CrystalFact) -> float:
    """Return the volume of the primitive cell in cubic angstrom."""
    group = gemmi.find_spacegroup_by_name(fact.space_group)
    centrings = len(group.operations().cen_ops) if group else 1
    return float(gemmi.UnitCell(*fact.cell).volume) / centrings


def chance_of(
    indexed_count: int, spot_count: int, p: float = CHANCE_OF_A_SPOT, spent: int = SPOTS_SPENT
) -> float:
    """Bound the chance that one lattice through a few spots indexes so many random ones.

    Parameters
    ----------
    indexed_count, spot_count
        Spots with an index, and all.
    p
        The chance that a random spot gets an index.
    spent
        Spots that the lattice fits whatever they are.

    Notes
    -----
    P(X >= q n) <= exp(-n D), D = q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)), for n spots that are free.
    Source: W. Hoeffding, J. Am. Stat. Assoc. 58 (1963) 13-30, theorem 1.
    """
    trials, successes = spot_count - spent, indexed_count - spent
    if successes <= trials * p:
        return 1.0
    q = successes / trials
    divergence = q * log(q / p) + ((1 - q) * log((1 - q) / (1 - p)) if q < 1 else 0.0)
    return exp(-trials * divergence)


def why_not(lattice: Lattice, known_cell: UnitCell | None = None) -> str:
    """Say why a lattice is not accepted; "" where it is.

    Parameters
    ----------
    lattice
        What was found.
    known_cell
        Where the search was for this cell, in the setting of the lattice.
    """
    fact, spots = lattice.fact, lattice.spot_count
    told = f"The best lattice indexes {fact.indexed_count} of {spots} spots"
    if fact.indexed_count < LOWEST_FRACTION * spots:
        return f"{told}; {LOWEST_FRACTION:.0%} are needed."
    if lattice.chance > HIGHEST_CHANCE:
        return f"{told}, as random spots may be."
    rmsd_fraction = lattice.rmsd_fraction
    if rmsd_fraction is None or rmsd_fraction > HIGHEST_RMSD_FRACTION:
        return f"{told}, but predicts them hardly better than chance."
    if known_cell and not _agree(fact.cell, known_cell):
        cell = ", ".join(f"{value:.1f}" for value in fact.cell)
        return f"{told} with the cell {cell}, not the known one."
    return ""


def _agree(found: tuple[float, ...], known: UnitCell) -> bool:
    """Compare cells of one setting, lengths in angstrom and angles in degrees."""
    pairs = list(zip(found, known.as_tuple(), strict=True))
    lengths_fit = all(abs(a - b) <= CELL_LENGTH_TOLERANCE * b for a, b in pairs[:3])
    return lengths_fit and all(abs(a - b) <= CELL_ANGLE_TOLERANCE_DEG for a, b in pairs[3:])
