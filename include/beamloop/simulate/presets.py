"""Collections worth simulating, by name."""

from collections.abc import Callable, Sequence
from typing import Final

from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepKind, SweepPlan

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
    """Plan the twelve wedges of the demo, on a Pilatus 1M: 8 good, 2 cell outliers, 1 weak, 1 blank."""
    return CollectionPlan(make_sweeps(_DEMO_KINDS, 12), seed)


def _tiny2(seed: int) -> CollectionPlan:
    """Plan two good wedges on a Pilatus 300K, as few images as still give an MTZ."""
    return CollectionPlan(
        make_sweeps((_GOOD, _GOOD), 4),
        seed,
        DetectorPlan("300K", distance_mm=130.0),
        crystal=CrystalPlan(photons=12.0),
        oscillation_deg=1.0,
    )


def _hard(seed: int) -> CollectionPlan:
    """Plan a whole plate: 73 wedges on a detector that is not where the header says."""
    kinds = [_DEMO_KINDS[i % len(_DEMO_KINDS)] for i in range(73)]
    detector = DetectorPlan(
        distance_offset_mm=0.36, beam_offset_px=(1.4, -1.1), tilt_mrad=(2.0, -3.0), module_shift_rms_um=30.0
    )
    return CollectionPlan(make_sweeps(kinds, 12), seed, detector)


PRESETS: Final[dict[str, PresetBuilder]] = {"teha12": _teha12, "tiny2": _tiny2, "hard": _hard}
