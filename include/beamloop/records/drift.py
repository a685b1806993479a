"""Where a detector was found over time, and whether it stayed there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from beamloop.records.geometry import GeometryId, GeometryState

# What is charted of a detector as a whole: the key, how it is called, its unit. Each is the refined value
# less the headers', which say where the detector was sent: one that is moved on purpose does not drift.
WHOLE = {
    "distance_mm": ("distance", "mm"),
    "beam_fast_mm": ("beam centre along fast", "mm"),
    "beam_slow_mm": ("beam centre along slow", "mm"),
    "tilt_fast_mrad": ("tilt about fast", "mrad"),
    "tilt_slow_mrad": ("tilt about slow", "mrad"),
}


@dataclass(frozen=True, slots=True)
class DetectorPoint:
    """Where one metrology found a detector."""

    geometry_id: GeometryId  # 7
    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"
    state: GeometryState
    header_distance_mm: float  # 250.0
    measured_at: datetime  # UTC, of the newest data that it was refined against
    whole: Mapping[str, float]  # {"distance_mm": 0.372, ...}, keys as in WHOLE, refined less headers'
    # Panels against each other, in um along their own fast and slow axes: {"row-01-col-03": (31.0, -12.5)}.
    panels: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class DetectorService:
    """A person's word that a detector was serviced, and stands elsewhere since."""

    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"
    serviced_at: datetime  # UTC: of the first data that may be different
    said_by: str  # "anna"
    why: str  # "module 17 was changed"


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Between which values the next point is expected."""

    mean: float  # 0.371
    lower: float  # 0.352
    upper: float  # 0.390
    point_count: int  # 14: points before it that they are made from


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """One point of a chart."""

    geometry_id: GeometryId  # 7
    measured_at: datetime  # UTC
    value: float  # 0.372
    limits: ControlLimits | None  # None: too few points before it

    @property
    def is_out(self) -> bool:
        """Tell whether it lies beyond the limits that the points before it give."""
        return self.limits is not None and not self.limits.lower <= self.value <= self.limits.upper


@dataclass(frozen=True, slots=True)
class DriftSeries:
    """One quantity of a detector over time."""

    key: str  # "distance_mm", or "row-01-col-03 fast"
    words: str  # "distance"
    unit: str  # "mm"
    points: tuple[DriftPoint, ...]  # by time


@dataclass(frozen=True, slots=True)
class Departure:
    """A quantity that has left its limits."""

    series: DriftSeries
    point: DriftPoint
    limits: ControlLimits  # the point's


@dataclass(frozen=True, slots=True)
class DetectorDrift:
    """A detector at one distance over time."""

    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"
    header_distance_mm: float  # 250.0, median of the points'
    whole: tuple[DriftSeries, ...]  # in the order of WHOLE
    panels: tuple[DriftSeries, ...]  # two for each panel, along fast and slow
    services: tuple[
        DetectorService, ...
    ] = ()  # by time; what was before one says nothing of what is after it
