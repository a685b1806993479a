"""Which sweeps are refined, which are held out, and why: by strength and by spread over the panels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamloop.records.geometry import SourceRole
from beamloop.records.identifiers import RunId
from beamloop.records.metrology import Choice, MetrologyOptions

# Five for each of the nine parameters of a triclinic crystal, and some for outliers.
FEWEST_REFLECTIONS = 50
# With residuals of 0.04 mm a panel's mean is then known to 2 um; more data bring little.
ENOUGH_FOR_PANEL = 500
NAMED_AT_MOST = 6  # panels in a sentence

Why = tuple[SourceRole | None, str]


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A sweep that can be chosen."""

    run_id: RunId  # 17
    counts: NDArray[np.int64]  # (panels,), indexed reflections by panel

    @property
    def total(self) -> int:
        """All its reflections."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was decided of each sweep."""

    choices: tuple[Choice, ...]
    held_out_blocks: bool  # parts of the refined sweeps' rotation are held out, for want of other sweeps

    def runs(self, role: SourceRole) -> list[RunId]:
        """Return the runs of one role, the strongest first."""
        return [choice.run_id for choice in self.choices if choice.role is role]


def choose_sweeps(offers: Sequence[Offer], panel_names: Sequence[str], options: MetrologyOptions) -> Chosen:
    """Choose what is refined and what is held out.

    The strongest sweep is refined. Of the others, every second one by strength is held out until there is
    enough; those left are refined as long as they bring reflections to panels that want them, the one that
    brings most first. Where too little can be held out so, blocks of rotation of the refined sweeps are.

    Parameters
    ----------
    offers
        Sweeps of one detector at one distance.
    panel_names
        For the words, in the order of the counts.
    options
        How much it takes.

    Returns
    -------
    Chosen
        The choices in order of strength.
    """
    strong = sorted(offers, key=lambda offer: (-offer.total, offer.run_id))
    usable = [offer for offer in strong if offer.total >= FEWEST_REFLECTIONS]
    held = _hold_out(usable, options)
    why: dict[RunId, Why] = {offer.run_id: (SourceRole.HELD_OUT, _held_words(offer)) for offer in held}
    left = [offer for offer in usable if offer.run_id not in why]
    why |= _refine(left, panel_names, options)
    choices = tuple(
        Choice(offer.run_id, *why.get(offer.run_id, (None, _weak_words(offer)))) for offer in strong
    )
    held_count = sum(offer.total for offer in held)
    return Chosen(choices, held_out_blocks=blocks_are_held_out(held_count, options))


def blocks_are_held_out(held_count: int, options: MetrologyOptions) -> bool:
    """Tell whether parts of the refined sweeps are held out, beside whole sweeps with so many reflections."""
    return options.held_out_blocks and held_count < options.gate.least_held_out_count


def _hold_out(usable: Sequence[Offer], options: MetrologyOptions) -> list[Offer]:
    """Take every second sweep, from the second strongest on, until there is enough."""
    wanted = options.held_out_fraction * sum(offer.total for offer in usable)
    wanted = max(min(wanted, options.held_out_enough), options.gate.least_held_out_count)
    held: list[Offer] = []
    for offer in [*usable[1::2], *usable[2::2]]:
        if sum(one.total for one in held) >= wanted:
            break
        held.append(offer)
    return held


def _refine(left: Sequence[Offer], panel_names: Sequence[str], options: MetrologyOptions) -> dict[RunId, Why]:
    """Decide of the sweeps that are not held out, the strongest of all among them."""
    if not left:
        return {}
    first, others = left[0], list(left[1:])
    why: dict[RunId, Why] = {
        first.run_id: (SourceRole.REFINED, f"it has the most reflections: {first.total}")
    }
    counts = first.counts.copy()
    while others and len(why) < options.sweeps_at_most:
        wanting = np.maximum(ENOUGH_FOR_PANEL - counts, 0)
        best = max(others, key=lambda offer: int(np.minimum(offer.counts, wanting).sum()))
        helped = np.minimum(best.counts, wanting)
        if helped.sum() < FEWEST_REFLECTIONS:
            break
        names = _named([panel_names[int(place)] for place in np.flatnonzero(helped)])
        words = (
            f"it brings {helped.sum()} reflections to panels that had fewer than {ENOUGH_FOR_PANEL}: {names}"
        )
        why[best.run_id] = SourceRole.REFINED, words
        counts += best.counts
        others.remove(best)
    enough = f"{len(why)} sweeps are refined already, and more are not taken together"
    if len(why) < options.sweeps_at_most:
        enough = (
            f"it would bring next to nothing to panels that have fewer than {ENOUGH_FOR_PANEL} reflections"
        )
    return why | {offer.run_id: (None, enough) for offer in others}


def _held_words(offer: Offer) -> str:
    return (
        f"its {offer.total} reflections are held out: they judge the geometry and are never refined against"
    )


def _weak_words(offer: Offer) -> str:
    return f"it has {offer.total} reflections, {FEWEST_REFLECTIONS} are needed"


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
