"""How a beamline deals with refined detectors: the part `geometry` of its file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from beamloop.records.geometry import GeometryGate

DEFAULT = GeometryGate()
Origin = Literal["header", "geometry"]


class GeometryRules(BaseModel):
    """Whose beam and goniometer an import takes, and what a geometry must show before it may serve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beam: Origin = "header"
    goniometer: Origin = "header"
    least_held_out_count: int = Field(default=DEFAULT.least_held_out_count, ge=1)
    # Above 1 a geometry may serve that makes data worse which it was not refined against.
    largest_held_out_ratio: float = Field(default=DEFAULT.largest_held_out_ratio, gt=0, le=1)
    largest_half_split_um: float = Field(default=DEFAULT.largest_half_split_um, gt=0)
    least_covered_fraction: float = Field(default=DEFAULT.least_covered_fraction, gt=0, le=1)
    largest_distance_fraction: float = Field(default=DEFAULT.largest_distance_fraction, gt=0, lt=1)

    def gate(self) -> GeometryGate:
        """Return the thresholds."""
        return GeometryGate(**self.model_dump(exclude={"beam", "goniometer"}))
