"""What is true of a simulated collection: `truth.json` beside the images."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from beamloop.errors import InvalidInputError
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import UnitCell
from beamloop.simulate.arrays import Floats
from beamloop.simulate.crystal import Crystal, make_crystal, make_second_crystal
from beamloop.simulate.geometry import Geometry, Vector, header_geometry, to_vector, true_geometry
from beamloop.simulate.pilatus import PIXEL_MM, SENSOR_MM, silicon_attenuation_per_mm
from beamloop.simulate.plan import EXPECTED_OUTCOMES, CollectionPlan, SweepKind, SweepPlan, sweep_images

TRUTH_FILE = "truth.json"
FORMAT_VERSION = 1
FRAME = (
    "Laboratory frame of dxtbx for mini-CBF Pilatus images: right-handed, origin at the crystal, rotation "
    "axis +x, beam along -z, s0 = (0, 0, -1) / wavelength. Matrices are lists of rows, for column vectors, "
    "at rotation angle 0: A = U B, A h is the reciprocal lattice vector of h in 1/angstrom; rows of the "
    "inverse of A are the real-space axes a, b, c. Lengths in mm (detector) or angstrom (crystal). Pixels "
    "are fast, slow; the centre of the first pixel is at 0.5, 0.5."
)

Matrix = tuple[Vector, Vector, Vector]


@dataclass(frozen=True, slots=True)
class CrystalTruth:
    """A crystal at rotation angle 0."""

    space_group: str  # "R 3:H", extended Hermann-Mauguin
    unit_cell: UnitCell
    orientation: Matrix  # U
    a_matrix_per_angstrom: Matrix  # U B


@dataclass(frozen=True, slots=True)
class SweepTruth:
    """One sweep."""

    name: str  # "xtal2_1"
    kind: SweepKind
    template: str  # "xtal2_1_#####.cbf"
    first_image: int  # 1
    last_image: int  # 12
    missing_images: tuple[int, ...]  # (5, 6)
    start_angle_deg: float
    oscillation_deg: float
    crystal: CrystalTruth | None  # None for a blank sweep
    expected_outcomes: tuple[OutcomeCode, ...]  # any of these is right; the likeliest first
    second_crystal: CrystalTruth | None = None  # in the beam beside the first


@dataclass(frozen=True, slots=True)
class DetectorTruth:
    """The detector: what the header says, and what is so."""

    model: str  # "1M"
    pixel_mm: float
    sensor_mm: float  # silicon
    attenuation_per_mm: float  # of silicon, for the parallax
    header: Geometry
    true: Geometry


@dataclass(frozen=True, slots=True)
class Truth:
    """One collection."""

    format_version: int
    frame: str
    seed: int
    wavelength_angstrom: float
    detector: DetectorTruth
    sweeps: tuple[SweepTruth, ...]

    def sweep(self, name: str) -> SweepTruth:
        """Return one sweep by name.

        Raises
        ------
        KeyError
            When there is none of that name.
        """
        return {sweep.name: sweep for sweep in self.sweeps}[name]


_ADAPTER: TypeAdapter[Truth] = TypeAdapter(Truth)


def truth_of(plan: CollectionPlan) -> Truth:
    """Work out what is true of a plan's images.

    Raises
    ------
    InvalidInputError
        When cell, space group, wavelength or detector model cannot be.
    """
    detector = DetectorTruth(
        model=plan.detector.model,
        pixel_mm=PIXEL_MM,
        sensor_mm=SENSOR_MM,
        attenuation_per_mm=silicon_attenuation_per_mm(plan.beam.wavelength_angstrom),
        header=header_geometry(plan.detector),
        true=true_geometry(plan.detector, plan.seed),
    )
    sweeps = tuple(_sweep_truth(plan, index, sweep) for index, sweep in enumerate(plan.sweeps))
    return Truth(FORMAT_VERSION, FRAME, plan.seed, plan.beam.wavelength_angstrom, detector, sweeps)


def _sweep_truth(plan: CollectionPlan, index: int, sweep: SweepPlan) -> SweepTruth:
    images = sweep_images(sweep)
    return SweepTruth(
        name=sweep.name,
        kind=sweep.kind,
        template=images.template,
        first_image=images.first,
        last_image=images.last,
        missing_images=sweep.missing,
        start_angle_deg=sweep.start_angle_deg,
        oscillation_deg=plan.oscillation_deg,
        crystal=_crystal_truth(make_crystal(plan, index)),
        second_crystal=_crystal_truth(make_second_crystal(plan, index)),
        expected_outcomes=_expected_outcomes(sweep),
    )


def _expected_outcomes(sweep: SweepPlan) -> tuple[OutcomeCode, ...]:
    expected = EXPECTED_OUTCOMES[sweep.kind]
    if sweep.kind is SweepKind.BLANK and sweep.stray_spots:
        return (OutcomeCode.NO_LATTICE, *expected)
    return expected


def _crystal_truth(crystal: Crystal | None) -> CrystalTruth | None:
    if crystal is None:
        return None
    return CrystalTruth(
        crystal.space_group.xhm(),
        crystal.unit_cell,
        _matrix(crystal.orientation),
        _matrix(crystal.a_matrix),
    )


def _matrix(values: Floats) -> Matrix:
    return (to_vector(values[0]), to_vector(values[1]), to_vector(values[2]))


def encode_truth(truth: Truth) -> bytes:
    """Return the bytes of `truth.json`."""
    return _ADAPTER.dump_json(truth, indent=1) + b"\n"


def read_truth(path: Path) -> Truth:
    """Read `truth.json`.

    Parameters
    ----------
    path
        The file, or the collection's directory.

    Raises
    ------
    InvalidInputError
        When the file is not there or is not a truth of this version.
    """
    file = path / TRUTH_FILE if path.is_dir() else path
    try:
        return _ADAPTER.validate_json(file.read_bytes())
    except (OSError, ValidationError) as fault:
        raise InvalidInputError(
            f"{file} cannot be read as the truth of a simulated collection.",
            evidence=str(fault),
            try_next="Give a directory that `beamloop simulate` of this version has written.",
        ) from fault
