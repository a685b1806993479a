"""What shall be simulated: frozen records that a test varies with `dataclasses.replace`.

Frame, everywhere in this package: the laboratory frame that dxtbx gives a mini-CBF Pilatus image.
Right-handed, origin at the crystal, +x along the rotation axis; the beam travels along -z, so
s0 = (0, 0, -1) / wavelength.
Detector in its header position: fast axis +x, slow axis -y. Lengths in mm or angstrom, angles as named.
Pixel coordinates are (fast, slow) in pixels of the whole image; the pixel (i, j) covers i..i+1, j..j+1.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from beamloop.records.images import NumberedImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import UnitCell


class SweepKind(StrEnum):
    """What a sweep is in truth."""

    GOOD = "good"
    CELL_OUTLIER = "cell_outlier"
    DOUBLED_AXIS = "doubled_axis"
    WEAK = "weak"
    BLANK = "blank"


# In the order of likelihood: a weak or blank sweep may end one step earlier or later with another DIALS.
EXPECTED_OUTCOMES = {
    SweepKind.GOOD: (OutcomeCode.PROCESSED,),
    SweepKind.CELL_OUTLIER: (OutcomeCode.PROCESSED,),
    SweepKind.DOUBLED_AXIS: (OutcomeCode.PROCESSED,),
    # Where the cell is known, weak spots may be enough.
    SweepKind.WEAK: (OutcomeCode.NO_LATTICE, OutcomeCode.TOO_FEW_SPOTS, OutcomeCode.PROCESSED),
    SweepKind.BLANK: (OutcomeCode.NO_SPOTS, OutcomeCode.TOO_FEW_SPOTS),
}


@dataclass(frozen=True, slots=True)
class DetectorPlan:
    """A Pilatus as its header describes it, and how the true one differs."""

    model: str = "1M"  # one of pilatus.MODULES
    distance_mm: float = 240.0  # header: from the crystal to the detector along the beam
    beam_centre_px: tuple[float, float] | None = None  # header: (490.5, 521.5); None: the image's middle
    distance_offset_mm: float = 0.0  # true minus header: 0.36
    beam_offset_px: tuple[float, float] = (0.0, 0.0)  # true minus header: (1.4, -1.1)
    tilt_mrad: tuple[float, float] = (0.0, 0.0)  # about lab x, then y, through the point the beam hits
    module_shift_rms_um: float = 0.0  # of each module, along fast and along slow: 30.0
    module_rotation_rms_mrad: float = 0.0  # of each module about its own centre, in its plane: 0.3
    group_rows: int = 0  # rows of modules that were mounted together: 2; 0: each module by itself
    group_shift_rms_um: float = 0.0  # of each such group, along fast and along slow: 100.0
    seed: int | None = None  # of these errors, for several collections: 7; None: the collection's


@dataclass(frozen=True, slots=True)
class BeamPlan:
    """The X-ray beam."""

    wavelength_angstrom: float = 0.978
    sigma_divergence_deg: float = 0.03  # angular radius (1 sigma) of a spot, seen from the crystal
    polarization_fraction: float = 0.99  # 1: electric vector along x, as at a synchrotron


TEHA_CELL = UnitCell(98.3, 98.3, 136.6, 90.0, 90.0, 120.0)


@dataclass(frozen=True, slots=True)
class CrystalPlan:
    """The crystals of the sample, before each gets its own cell and orientation."""

    space_group: str = "H 3"
    unit_cell: UnitCell = TEHA_CELL
    cell_spread_fraction: float = 0.0015  # 1 sigma of each length; free angles spread by it times 1 rad
    outlier_scales: tuple[float, float, float] = (1.025, 1.025, 0.975)  # of a, b, c of a cell outlier
    superlattice_fraction: float = 0.5  # intensity of the odd l of a doubled c axis against the even ones
    sigma_mosaicity_deg: float = 0.08  # 1 sigma of the rocking curve
    b_factor_a2: float = 30.0  # Wilson: mean intensity falls as exp(-b_factor / (2 d^2))
    photons: float = 20.0  # mean counts of a whole reflection at 1/d = 0, before Lorentz and polarisation
    size_spread_fraction: float = 0.25  # 1 sigma of the logarithm of a crystal's photons
    weak_fraction: float = 0.065  # photons of every weak sweep against `photons`


@dataclass(frozen=True, slots=True)
class BackgroundPlan:
    """Mean counts a pixel and image that do not come from Bragg reflections."""

    air_counts: float = 2.5  # at the beam, falling off within about 10 A
    solvent_counts: float = 1.2  # on the solvent ring at 3.3 A
    flat_counts: float = 0.3  # everywhere
    beamstop_radius_mm: float = 3.0  # of its shadow, around the point the beam hits


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """One rotation scan of one crystal."""

    name: str  # "xtal2_1": the files' prefix without the last underscore
    kind: SweepKind = SweepKind.GOOD
    images: int = 12
    start_angle_deg: float = 0.0  # of image 1
    missing: tuple[int, ...] = ()  # image numbers that are never written: (5, 6)
    second_crystal_fraction: float = 0.0  # photons of another crystal in the beam against the first: 0.7
    second_crystal_turn_deg: float | None = None  # from the first: 1.0 for a split one; None: any orientation
    stray_spots: int = 0  # of salt, dust and the plate: 40, anywhere on the detector


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """All sweeps of one sample on one detector; the same plan gives the same bytes."""

    sweeps: tuple[SweepPlan, ...]
    seed: int = 1
    detector: DetectorPlan = DetectorPlan()
    beam: BeamPlan = BeamPlan()
    crystal: CrystalPlan = CrystalPlan()
    background: BackgroundPlan = BackgroundPlan()
    oscillation_deg: float = 0.5  # of one image
    exposure_s: float = 0.1  # of one image, read-out included
    started_at: datetime = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)  # of the first image, for the headers


def sweep_images(sweep: SweepPlan) -> NumberedImages:
    """Name the files of one sweep, relative to the collection's directory."""
    return NumberedImages(
        directory=Path(),
        prefix=f"{sweep.name}_",
        digits=5,
        suffix=".cbf",
        first=1,
        last=sweep.images,
        missing=sweep.missing,
    )
