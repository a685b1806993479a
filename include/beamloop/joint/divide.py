"""Divide more crystals than one refinement takes.

The normal matrix has one row for each parameter, 4 to 9 of each crystal, and each reflection adds to all of
it: time grows with reflections times parameters squared, as the cube of the number of crystals. But beam and
detector have ten parameters only, and the strongest crystals alone give them as well as all do. So these are
refined together as *anchor*; then the others, part by part, on the anchor's beam and detector, which stay
fixed. With them fixed no crystal depends on another, so the parts' results are those of one refinement, and
all crystals end on one detector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from beamloop.joint.crystals import Crystal
from beamloop.records.joint import CrystalKey

# What keeps beam and detector as the anchor left them.
FIXED = ("beam.fix=all", "detector.fix=all")


@dataclass(frozen=True, slots=True)
class Division:
    """The crystals that give beam and detector, and the parts that take them over."""

    anchor: tuple[Crystal, ...]
    parts: tuple[tuple[Crystal, ...], ...]  # empty: all are in the anchor
    order: tuple[CrystalKey, ...]  # in which the crystals were given, and in which the results are


def divide(crystals: Sequence[Crystal], at_once: int) -> Division:
    """Divide crystals; those with most reflections are the anchor.

    Parameters
    ----------
    crystals
        All that are to be refined.
    at_once
        How many one refinement takes at most; at least 2.

    Returns
    -------
    Division
        Parts of nearly equal size, each in the order in which the crystals were given.
    """
    order = tuple(crystal.key for crystal in crystals)
    if len(crystals) <= at_once:
        return Division(tuple(crystals), (), order)
    by_strength = sorted(range(len(crystals)), key=lambda place: -crystals[place].before.used_count)
    chosen = set(by_strength[:at_once])
    rest = [crystal for place, crystal in enumerate(crystals) if place not in chosen]
    count = -(-len(rest) // at_once)
    bounds = [len(rest) * part // count for part in range(count + 1)]
    return Division(
        tuple(crystals[place] for place in sorted(chosen)),
        tuple(tuple(rest[low:high]) for low, high in pairwise(bounds)),
        order,
    )
