"""Collections worth simulating, by name."""

from collections.abc import Callable, Sequence
from typing import Final

from beamloop.simulate.hard_plate import plan_hard_plate
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepKind, SweepPlan
from beamloop.simulate.worn_detector import plan_loop, plan_loop_next

PresetBuilder = Callable[[int], CollectionPlan]

_GOOD = SweepKind.GOOD
_DEMO_KINDS: Final = (
    _GOOD,
    _GOOD,
    _GOOD,
    SweepKind.CELL_OUTLIER,
    _GOOD,
    _GOOD,
    SweepKind.WEAK,
    _GOOD,
    SweepKind.DOUBLED_AXIS,
    _GOOD,
    SweepKind.BLANK,
    _GOOD,
)


def make_sweeps(kinds: Sequence[SweepKind], images: int) -> tuple[SweepPlan, ...]:
    """Plan one sweep a crystal, named xtal1_1, xtal2_1, ..."""
    return tuple(SweepPlan(f"xtal{i}_1", kind, images) for i, kind in enumerate(kinds, start=1))


def _teha12(seed: int) -> CollectionPlan:
    """Plan the twelve wedges of the demo, on a Pilatus 1M: 8 good, 2 cell outliers, 1 weak, 1 blank.

    The good crystals are alike to 0.005 %, so what their cells differ by is measurement, and one can see what
    joint refinement takes of it.
    """
    return CollectionPlan(
        make_sweeps(_DEMO_KINDS, 12), seed, crystal=CrystalPlan(cell_spread_fraction=0.00005)
    )


def _tiny2(seed: int) -> CollectionPlan:
    """Plan two good wedges on a Pilatus 300K, as few images as still give an MTZ."""
    return CollectionPlan(
        make_sweeps((_GOOD, _GOOD), 4),
        seed,
        DetectorPlan("300K", distance_mm=130.0),
        crystal=CrystalPlan(photons=12.0),
        oscillation_deg=1.0,
    )


PRESETS: Final[dict[str, PresetBuilder]] = {
    "teha12": _teha12,
    "tiny2": _tiny2,
    "hard": plan_hard_plate,
    "loop": plan_loop,
    "loop_next": plan_loop_next,
}
