"""Calibration of a detector from sweeps: what is asked for, which sweeps, what came of it.

Distances are in mm from the sample along the beam to the detector's mean plane.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from beamloop.records.geometry import (
    GeometryGate,
    GeometryId,
    GeometryUse,
    NewGeometry,
    SourceRole,
)
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramLimits
from beamloop.records.step import TimedReport

MetrologyId = NewType("MetrologyId", int)
METROLOGY_STEPS = ("choose", "index", "refine", "evidence", "report")


class MetrologyState(StrEnum):
    """How far a metrology is; the catalogue's constraint holds the same list."""

    WAITING = "waiting"  # asked for, or at work
    CANDIDATE = "candidate"  # a geometry candidate came of it
    KEPT = "kept"  # no candidate came of it, and why is said
    FAILED = "failed"  # a program or the platform failed


@dataclass(frozen=True, slots=True)
class MetrologyOptions:
    """How to refine, and how much data it takes; docs/decisions/0023 gives the reasons."""

    # Spots of more pixels have better centroids; the sweep's own search may take smaller ones.
    find_spots: tuple[str, ...] = ("spotfinder.filter.min_spot_size=4",)
    index: tuple[str, ...] = ()
    # At every level.
    refine: tuple[str, ...] = (
        "scan_varying=false",
        "outlier.algorithm=tukey",
        "reflections_per_degree=None",
        "close_to_spindle_cutoff=0.01",
    )
    # At level 1 and below: a panel without enough data stays where level 0 put it.
    panels: tuple[str, ...] = ("auto_reduction.action=fix", "separate_panels=True")
    deepest_level: int = 9  # or as deep as the detector's hierarchy goes
    least_panel_count: int = 60  # reflections of a panel that is refined: ten for each of its parameters
    sweeps_at_most: int = 12  # refined together
    held_out_fraction: float = 0.2  # of the indexed reflections, and no more than enough:
    held_out_enough: int = 2000  # reflections: an RMSD of so many is known to 1.6 %
    held_out_blocks: bool = True  # of the refined sweeps' rotation, where other sweeps are too few to judge
    gate: GeometryGate = field(
        default_factory=GeometryGate
    )  # the beamline's, for the words; promotion asks it again
    takes_beam: bool = False  # what an import with the candidate takes beside the detector
    takes_goniometer: bool = False
    limits: ProgramLimits = ProgramLimits()

    def as_json(self) -> dict[str, Any]:
        """Return plain values, fit for the catalogue."""
        return asdict(self) | {name: list(getattr(self, name)) for name in _OPTION_LISTS}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MetrologyOptions":
        """Undo :meth:`as_json`."""
        known = dict(values)
        known |= {name: tuple(known[name]) for name in _OPTION_LISTS}
        known |= {"gate": GeometryGate(**known["gate"]), "limits": ProgramLimits(**known["limits"])}
        return cls(**known)

    def decisive(self) -> dict[str, Any]:
        """Return what decides the result: all but the gate, which only judges it."""
        return {name: value for name, value in self.as_json().items() if name != "gate"}


_OPTION_LISTS = ("find_spots", "index", "refine", "panels")


@dataclass(frozen=True, slots=True)
class MetrologySweep:
    """A sweep that was offered to a metrology, and what it was chosen for."""

    run_id: RunId  # 17: whose crystal is the known one
    sweep_id: SweepId  # 12
    name: str  # "xtal2_1"
    collection: str  # "plate3"
    content_sha256: str  # of the images, when it was asked for
    indexed_count: int  # 9120, reflections that the run indexed
    distance_mm: float  # 250.1, as the run refined it
    role: SourceRole | None = None  # None: not chosen, or nobody has chosen yet
    why: str = ""  # "the most reflections of all: 9120"


def metrology_key(
    sweeps: Sequence[MetrologySweep],
    start: GeometryId | None,
    options: MetrologyOptions,
    dials_version: str,
) -> str:
    """Hash what decides a metrology's result; the same work has the same key.

    The images count, not the runs: a sweep that is processed again brings no new data.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    images = sorted((sweep.sweep_id, sweep.content_sha256) for sweep in sweeps)
    parts = [images, start, options.decisive(), dials_version]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Metrology:
    """A metrology as it was asked for, and how it stands."""

    metrology_id: MetrologyId  # 3
    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"; "" until its images have been read
    distance_mm: float  # 250.2: median of the sweeps'
    start: GeometryUse | None  # the geometry that serves these data; None: the header's
    sweeps: tuple[MetrologySweep, ...]
    options: MetrologyOptions
    dials_version: str  # "3.12.1"
    requested_by: str  # "refine_metrology"
    asked_at: datetime  # UTC
    place: str  # "i24/metrology/metrology-3": below the run root, and the prefix of its artifacts' keys
    state: MetrologyState
    outcome: Outcome | None  # of a failed one
    sentence: str  # what came of it; "" while it waits
    geometry_id: GeometryId | None = None  # the candidate
    steps_done: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """How a person knows it: "i24 250 mm"."""
        return f"{self.beamline} {self.distance_mm:.0f} mm"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a sweep was chosen for."""

    run_id: RunId  # 17
    role: SourceRole | None  # None: left out
    why: str  # "panel 7 has 12 reflections without it"


@dataclass(frozen=True, slots=True)
class MetrologyStepReport(TimedReport):
    """All that one step of a metrology adds to the catalogue."""

    state: MetrologyState | None = None  # set by the step that ends it well
    sentence: str = ""
    detector: str = ""  # set by the step choose
    choices: tuple[Choice, ...] = ()  # set by the step choose, and changed by index
    geometry: NewGeometry | None = None  # set by the step evidence
