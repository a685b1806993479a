"""Joint refinement of the crystals of one isomorphous group: what is asked for, and what it changed.

Cells are a, b, c in angstrom, alpha, beta, gamma in degrees. RMSDs are those of calculated less observed
centroids over the reflections that took part in refinement.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId
from beamloop.records.isomorphism import GroupMember
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramLimits
from beamloop.records.step import TimedReport

JointId = NewType("JointId", int)
CrystalKey = tuple[RunId, int]  # (17, 1): run and number of the crystal in it
JOINT_STEPS = ("refine", "integrate", "report")


class JointState(StrEnum):
    """How far a joint refinement is; the catalogue's constraint holds the same list."""

    WAITING = "waiting"  # asked for, or at work
    PUBLISHED = "published"
    KEPT = "kept"  # worse than the single refinements: not published, and why is said
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JointOptions:
    """How to refine, and what counts as worse; docs/decisions/0015 gives the reasons."""

    # One static model per crystal: wedges are too narrow for more. Tukey: some spots are misindexed.
    refine: tuple[str, ...] = ("scan_varying=false", "outlier.algorithm=tukey")
    # How often outliers are looked for: by the models that refinement starts from, each crystal on another's
    # detector, then by the joint ones (decision 26).
    outlier_rounds: int = 2
    crystals_at_once: int = 60  # more are divided
    # Wedges of one mounting: 1.03 and 1.14 (polyhedra). A crystal that kappa moved: 1.9 and 2.2, with better
    # cells all the same (L-cysteine).
    largest_group_rmsd_ratio: float = 2.0  # after over before, of all reflections together
    largest_crystal_rmsd_ratio: float = 2.5  # of one crystal
    spread_noise_percent: float = 0.02  # of the cells: below it more or less means nothing
    limits: ProgramLimits = ProgramLimits()

    def as_json(self) -> dict[str, Any]:
        """Return plain values, fit for the catalogue and for hashing."""
        return asdict(self) | {"refine": list(self.refine)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "JointOptions":
        """Undo :meth:`as_json`."""
        known = dict(values)
        return cls(refine=tuple(known.pop("refine")), limits=ProgramLimits(**known.pop("limits")), **known)


def joint_key(members: Sequence[GroupMember], options: JointOptions, dials_version: str) -> str:
    """Hash what decides a joint refinement's result; the same work has the same key, whatever it may use.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    crystals = sorted((member.run_id, member.crystal_number) for member in members)
    decisive = {name: value for name, value in options.as_json().items() if name != "limits"}
    parts = [crystals, decisive, dials_version]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint refinement as it was asked for."""

    joint_id: JointId  # 3
    group_id: GroupId  # 4
    group_name: str  # "A"
    report_id: ReportId  # 31: the report that named the members
    collection_id: CollectionId  # 5
    collection_name: str  # "plate3"
    members: tuple[GroupMember, ...]
    options: JointOptions
    dials_version: str  # "3.12.1"
    requested_by: str  # "refine_joint"
    asked_at: datetime  # UTC
    place: str  # "i24/plate3-1f0c9a/joint/joint-3": below the run root, and the prefix of its artifacts' keys
    state: JointState
    outcome: Outcome | None  # of a failed one
    sentence: str  # why it was published, kept or failed; "" while it waits
    steps_done: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """How a person knows it: "plate3 A"."""
        return f"{self.collection_name} {self.group_name}"

    def member_names(self) -> dict[CrystalKey, str]:
        """Return each crystal's name by run and number: its sweep's, numbered where there are several."""
        crystals = Counter(member.run_id for member in self.members)
        return {
            (m.run_id, m.crystal_number): m.sweep_name
            if crystals[m.run_id] == 1
            else f"{m.sweep_name} ({m.crystal_number})"
            for m in self.members
        }


@dataclass(frozen=True, slots=True)
class CrystalFigures:
    """A crystal and how well it predicts its reflections, before or after."""

    cell: tuple[float, ...]  # (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
    cell_su: tuple[float, ...] | None  # same units; None where refinement gave none
    used_count: int  # 118, reflections
    rmsd_x_mm: float | None  # 0.045
    rmsd_y_mm: float | None  # 0.041
    rmsd_phi_deg: float | None  # 0.12
    distance_mm: float  # 250.1


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """A crystal of the group, before and after."""

    run_id: RunId  # 17
    crystal_number: int  # 1
    name: str  # "xtal2_1", or "xtal2_1 (2)" where its sweep has several
    space_group: str  # "H 3"
    before: CrystalFigures | None  # None: its models could not be read
    after: CrystalFigures | None  # None: it left
    left: str = ""  # why it left


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The crystals that stayed, before or after."""

    lcv_percent: float  # 0.41
    alcv_angstrom: float  # 0.69
    spread_percent: float  # 0.11: largest standard deviation (n-1) of a, b or c over its mean
    used_count: int  # 1892, reflections
    rmsd_x_mm: float | None  # 0.047, over all reflections
    rmsd_y_mm: float | None
    rmsd_phi_deg: float | None
    distance_least_mm: float  # 249.8
    distance_greatest_mm: float  # 250.6


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a joint refinement changed."""

    members: tuple[MemberFigures, ...]  # all that were asked for
    before: GroupFigures
    after: GroupFigures
    setting: str  # "conventional R": in which the cells are compared
    worse: tuple[str, ...]  # sentences that say in what it is worse; empty: published
    notes: tuple[str, ...]  # what a person should know: divided, disagreeing symmetry, own goniometers
    parts: int = 1  # how many refinements it was divided into


@dataclass(frozen=True, slots=True)
class JointStepReport(TimedReport):
    """All that one step of a joint refinement adds to the catalogue."""

    state: JointState | None = None  # set by the last step
    sentence: str = ""
    comparison: Comparison | None = None
