"""Two collections on one detector that is not where its headers say: the second gains from the first.

The errors are those that metrology finds on well-kept beamlines: the distance 0.4 mm off, the beam 1.8 px,
the face tilted by 3 mrad, modules shifted by 30 um rms. The modules' errors have a seed of their own, so that
every collection, of whatever seed, is on the same detector. The crystals are alike to 0.005 %: what their
cells differ by is measurement.
"""

from collections.abc import Sequence
from typing import Final

from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepPlan

DETECTOR: Final = DetectorPlan(
    distance_offset_mm=0.4,
    beam_offset_px=(1.4, -1.1),
    tilt_mrad=(2.0, -2.2),
    module_shift_rms_um=30.0,
    module_rotation_rms_mrad=0.3,
    seed=8,
)
WEDGE_IMAGES, LONG_IMAGES = 12, 180  # of 0.5 degrees: wedges of 6, one sweep of 90
# Data that the long sweep's geometry is judged by: two wedges have 1000 reflections.
WEDGES, NEXT_WEDGES = 3, 6


def plan_loop(seed: int) -> CollectionPlan:
    """Plan one long sweep, long_1, and a few wedges."""
    return _on_detector(seed, [SweepPlan("long_1", images=LONG_IMAGES), *_wedges(WEDGES)])


def plan_loop_next(seed: int) -> CollectionPlan:
    """Plan the next collection: wedges of other crystals."""
    return _on_detector(seed + 1000, _wedges(NEXT_WEDGES))


def _wedges(count: int) -> list[SweepPlan]:
    return [SweepPlan(f"xtal{number}_1", images=WEDGE_IMAGES) for number in range(1, count + 1)]


def _on_detector(seed: int, sweeps: Sequence[SweepPlan]) -> CollectionPlan:
    return CollectionPlan(tuple(sweeps), seed, DETECTOR, crystal=CrystalPlan(cell_spread_fraction=0.00005))
