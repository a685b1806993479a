"""A detector as refinement has found it: what it is, how good it is, and when it serves.

Distances are in mm from the sample along the beam to the detector's mean plane.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence
from beamloop.records.identifiers import RunId

GeometryId = NewType("GeometryId", int)


class GeometryState(StrEnum):
    """How a version stands; the catalogue's constraint holds the same list."""

    CANDIDATE = "candidate"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"  # serves data of a time that has ended
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # served once, and does so no more


class SourceRole(StrEnum):
    """What a run's data did for a version."""

    REFINED = "refined"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class GeometryGate:
    """What a version must show before it may serve; docs/decisions/0021 gives the reasons."""

    least_held_out_count: int = 500  # an RMSD of so many is known to 3 %
    largest_held_out_ratio: float = 1.0  # RMSD after over before, along x and along y
    largest_half_split_um: float = 12.0  # twice the error of the whole: 6 um
    least_covered_fraction: float = 0.5  # of the panels
    largest_panel_ratio: float = 1.1  # RMSD after over before of one panel, where it has enough to tell
    largest_panel_shift_um: float = 500.0  # of one panel against the others: three pixels of 172 um
    largest_distance_fraction: float = 0.02  # refined from the header's; beyond, another lattice fits as well


@dataclass(frozen=True, slots=True)
class GeometryModels:
    """What an `.expt` file holds of a geometry."""

    distance_mm: float  # 250.37, refined
    panel_count: int  # 60
    multi_panel: bool  # the detector is imported panel by panel


@dataclass(frozen=True, slots=True)
class GeometryUse:
    """What an import needs of a version."""

    geometry_id: GeometryId  # 4
    models: StoredObject  # the `.expt` file with beam, detector and goniometer
    header_distance_mm: float | None  # 250.0: in the headers of the data that made it; None: not known
    multi_panel: bool
    takes_beam: bool = False  # False: the beam is the header's
    takes_goniometer: bool = False


@dataclass(frozen=True, slots=True)
class GeometryVersion:
    """A refined detector."""

    use: GeometryUse
    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"
    state: GeometryState
    valid_from: datetime | None  # UTC; of a withdrawn version: when it served
    valid_until: datetime | None  # UTC; None: without end
    distance_mm: float  # 250.37, refined
    hierarchy_level: int  # 1: panel by panel
    panel_count: int  # 60
    evidence: Evidence | None
    origin: str  # "added by hand from refined.expt"
    made_by: str
    made_at: datetime  # UTC

    @property
    def geometry_id(self) -> GeometryId:
        """Its number."""
        return self.use.geometry_id


@dataclass(frozen=True, slots=True)
class NewGeometry:
    """A candidate about to enter the catalogue."""

    beamline: str
    detector: str
    models: GeometryModels
    stored: StoredObject
    header_distance_mm: float | None
    hierarchy_level: int
    evidence: Evidence | None
    origin: str
    made_by: str
    takes_beam: bool = False
    takes_goniometer: bool = False
    sources: Mapping[RunId, SourceRole] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingCandidate:
    """A candidate on which nobody has decided."""

    geometry_id: GeometryId  # 6
    distance_mm: float  # 250.37, refined
    made_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class GeometryDecision:
    """What was decided on a version; never changed."""

    decision: str  # "promote", "reject" or "withdraw"
    decided_by: str
    decided_at: datetime  # UTC
    why: str
    in_force_from: datetime | None  # UTC; of a promotion
    without_evidence: bool


@dataclass(frozen=True, slots=True)
class GeometrySource:
    """A run whose data made a version."""

    run_id: RunId  # 17
    role: SourceRole
    sweep: str  # "xtal2_1"
    collection: str  # "plate3"


@dataclass(frozen=True, slots=True)
class ImportedSweep:
    """A sweep whose newest run was imported with a version."""

    run_id: RunId  # 17
    sweep: str  # "xtal2_1"
    collection: str  # "plate3"
    directory: str  # "/data/i24/plate3"
    collected_at: datetime  # UTC
    serving_id: GeometryId | None  # the version that serves it now; None: the header's geometry

    def is_stale(self, geometry_id: GeometryId) -> bool:
        """Tell whether another geometry serves this sweep now."""
        return self.serving_id != geometry_id


@dataclass(frozen=True, slots=True)
class StaleSweep:
    """A sweep whose newest run was imported with another geometry than serves its data now."""

    sweep: str  # "xtal2_1"
    collection: str  # "plate3"
    directory: str  # "/data/i24/plate3"
    run_id: RunId  # 17
    imported_id: GeometryId | None  # 4; None: the headers' geometry
    serving_id: GeometryId | None  # 7; None: the headers' geometry
