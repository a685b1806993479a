"""A run and what its steps found."""

from dataclasses import dataclass

from beamloop.records.geometry import GeometryUse
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.images import SweepImages
from beamloop.records.outcome import Outcome
from beamloop.records.parameters import Parameters
from beamloop.records.step import TimedReport


@dataclass(frozen=True, slots=True)
class Run:
    """One processing of one sweep with one parameter set and one geometry version."""

    run_id: RunId  # 17
    request_id: RequestId  # 3
    sweep_name: str  # "xtal2_1"
    images: SweepImages
    content_sha256: str
    parameters: Parameters
    dials_version: str  # "3.12.1"
    place: str  # "i24/plate3/xtal2_1/run-17": below the run root, and the prefix of its artifacts' keys
    outcome: Outcome | None = None
    steps_done: frozenset[str] = frozenset()  # {"import", "find_spots"}
    geometry: GeometryUse | None = None  # None: the header's


@dataclass(frozen=True, slots=True)
class SpotCounts:
    """Strong spots of one sweep."""

    spot_count: int  # 214
    spots_per_image: tuple[int, ...]  # (19, 17, ...), in order of image number


@dataclass(frozen=True, slots=True)
class CrystalFact:
    """A crystal, and the detector's place, as one step left them.

    Lengths in angstrom, angles in degrees. The beam centre is where the beam meets the panel, in mm from
    the panel's origin along its fast (x) and slow (y) axes.
    """

    crystal_number: int  # 1
    space_group: str  # "H 3"
    cell: tuple[float, ...]  # (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
    cell_su: tuple[float, ...] | None  # (0.02, 0.02, 0.05, 0.0, 0.0, 0.0)
    indexed_count: int  # 181
    rmsd_x_mm: float | None  # 0.045
    rmsd_y_mm: float | None  # 0.041
    rmsd_x_px: float | None  # 0.26
    rmsd_y_px: float | None  # 0.24
    rmsd_phi_deg: float | None  # 0.12
    distance_mm: float  # 250.1
    beam_x_mm: float  # 84.6
    beam_y_mm: float  # 89.9
    used_count: int | None = None  # 160: reflections that refinement used; None: not known


@dataclass(frozen=True, slots=True)
class IntegrationFact:
    """What integration gave."""

    summed_count: int  # 912
    profile_fitted_count: int  # 0
    mean_i_over_sigma: float | None  # 6.1
    d_min_angstrom: float | None  # 3.0
    for_merging: bool


@dataclass(frozen=True, slots=True)
class RungFact:
    """One attempt of the indexing ladder."""

    rung: int  # 1
    method: str  # "fft3d, no symmetry"
    reason: str  # "the first attempt of every sweep"
    accepted: bool
    indexed_count: int  # 181
    finding: str  # "181 of 214 spots indexed"
    cpu_s: float  # 10.9


@dataclass(frozen=True, slots=True)
class StepReport(TimedReport):
    """All that one step of one run adds to the catalogue."""

    rungs: tuple[RungFact, ...] = ()
    spots: SpotCounts | None = None
    crystals: tuple[CrystalFact, ...] = ()
    integration: IntegrationFact | None = None
