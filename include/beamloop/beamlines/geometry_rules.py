"""How a beamline deals with refined detectors: the part `geometry` of its file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from beamloop.records.geometry import GeometryGate

DEFAULT = GeometryGate()
Origin = Literal["header", "geometry"]
# A longer wait is a slip in the file: by then a newer geometry asks.
LONGEST_WAIT_DAYS = 60.0


class GeometryRules(BaseModel):
    """Whose beam and goniometer an import takes, what a geometry must show, and who lets it serve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beam: Origin = "header"
    goniometer: Origin = "header"
    # What passes the gate serves when a person says so, or at once.
    approval: Literal["person", "automatic"] = "person"
    # Airflow's names of those who may say so; none: whoever may answer in Airflow.
    approvers: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default=[], max_length=50)
    approval_days: float = Field(default=7, gt=0, le=LONGEST_WAIT_DAYS)
    least_held_out_count: int = Field(default=DEFAULT.least_held_out_count, ge=1)
    # Above 1 a geometry may serve that makes data worse which it was not refined against.
    largest_held_out_ratio: float = Field(default=DEFAULT.largest_held_out_ratio, gt=0, le=1)
    largest_half_split_um: float = Field(default=DEFAULT.largest_half_split_um, gt=0)
    least_covered_fraction: float = Field(default=DEFAULT.least_covered_fraction, gt=0, le=1)
    largest_panel_ratio: float = Field(default=DEFAULT.largest_panel_ratio, ge=1)
    largest_panel_shift_um: float = Field(default=DEFAULT.largest_panel_shift_um, gt=0)
    largest_distance_fraction: float = Field(default=DEFAULT.largest_distance_fraction, gt=0, lt=1)

    def gate(self) -> GeometryGate:
        """Return the thresholds."""
        return GeometryGate(**self.model_dump(include=set(GeometryGate.__dataclass_fields__)))
