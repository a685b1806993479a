"""A plate as hard as a real one: 73 wedges of which the plain sequence of commands loses nearly half.

How each difficulty is set, and why so. All was fixed before the ladder was tried on it. The one figure that
was tuned, the median of the photons, was tuned on other seeds with the *plain* sequence: it processes 41 of
the 73 wedges (56 %) of the published plate, that of DIALS's multi-crystal tutorial. One plate of chance
crystals differs from the next by 4 wedges (1 sigma), so it was checked on two others, never on seed 1.

- **Narrow wedges**: 8 to 20 images of 0.5 degrees, since a crystal at room temperature lasts no longer.
- **Few spots**: crystals of a plate differ in length by a factor of two or so, and photons go with the
  volume: 1 sigma of their logarithm is 0.9. Room temperature: a B factor of 50 A^2 instead of 30.
- **Background** of plate and drop: twice the demo's.
- **Geometry**: the beam is 1.8 px off the header's centre, the detector 0.36 mm nearer and tilted by 3.6
  mrad, modules are shifted by 30 um rms: as found by metrology on well-kept beamlines.
- **Two crystals in the beam**, of any orientation, the second with 0.6 of the first one's photons: every
  fourth wedge, crystals in a drop lie close. **Split crystals**: of every sixth a part is turned by 1 degree.
- **Stray spots** of salt, dust and plate: 15 in every third wedge; up to 60 in the blanks.
- **Blank**: every tenth; the crystal has moved, or was none.
- **Cells**: 0.15 % spread; two of another form, two with a doubled axis, as on the published plate.
"""

from dataclasses import replace

from beamloop.simulate.plan import (
    BackgroundPlan,
    CollectionPlan,
    CrystalPlan,
    DetectorPlan,
    SweepKind,
    SweepPlan,
)

WEDGES = 73
IMAGES = (8, 14, 20, 10, 16, 12, 18)  # of 0.5 degrees
BLANK_STRAYS = (0, 20, 40, 60)
# The plain sequence brings 79 of the 146 wedges of seeds 11 and 12 to MTZ with the right cell (54 %). With
# 3.2 it brings 65, which were taken to come through with 4.0 too. The figure was found by the 60 spots that
# the sequence needs (seed 2) and that 63 % of 27 wedges with a crystal (seed 3) have.
MEDIAN_PHOTONS = 4.0


def plan_hard_plate(seed: int) -> CollectionPlan:
    """Plan a whole plate: 73 wedges on a detector that is not where the header says."""
    return CollectionPlan(
        tuple(_wedge(number) for number in range(1, WEDGES + 1)),
        seed,
        DetectorPlan(
            distance_offset_mm=-0.36,
            beam_offset_px=(1.4, -1.1),
            tilt_mrad=(2.0, -3.0),
            module_shift_rms_um=30.0,
        ),
        crystal=CrystalPlan(photons=MEDIAN_PHOTONS, size_spread_fraction=0.9, b_factor_a2=50.0),
        background=BackgroundPlan(air_counts=5.0, solvent_counts=2.4, flat_counts=0.6),
    )


def _wedge(number: int) -> SweepPlan:
    plain = SweepPlan(f"xtal{number}_1", _kind(number), IMAGES[number % len(IMAGES)])
    if plain.kind is SweepKind.BLANK:
        return replace(plain, stray_spots=BLANK_STRAYS[number // 10 % len(BLANK_STRAYS)])
    strays = 15 if number % 3 == 0 else 0
    if number % 4 == 1:
        return replace(plain, second_crystal_fraction=0.6, stray_spots=strays)
    if number % 6 == 2:
        return replace(plain, second_crystal_fraction=0.7, second_crystal_turn_deg=1.0, stray_spots=strays)
    return replace(plain, stray_spots=strays)


def _kind(number: int) -> SweepKind:
    if number % 10 == 0:
        return SweepKind.BLANK
    if number in (15, 41):
        return SweepKind.CELL_OUTLIER
    return SweepKind.DOUBLED_AXIS if number in (23, 57) else SweepKind.GOOD
