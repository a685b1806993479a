"""Merging of an isomorphous group: what is asked for, and how good the merged data are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from beamloop.records.identifiers import CollectionId, GroupId, RunId
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramLimits
from beamloop.records.step import WorkReport

MergeId = NewType("MergeId", int)
MERGE_STEP = "merge"


class MergeState(StrEnum):
    """How far a merge is; the catalogue's constraint holds the same list."""

    WAITING = "waiting"  # asked for, or at work
    MERGED = "merged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How to merge."""

    d_min_angstrom: float | None = None  # 1.8: leave out what lies beyond; None: take all
    space_group: str | None = None  # "H 3": what people said of all members; None: DIALS decides
    limits: ProgramLimits = ProgramLimits()

    def as_json(self) -> dict[str, Any]:
        """Return plain values, fit for the catalogue and for hashing."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MergeOptions":
        """Undo :meth:`as_json`."""
        known = dict(values)
        return cls(limits=ProgramLimits(**known.pop("limits")), **known)


@dataclass(frozen=True, slots=True)
class MergeMember:
    """A crystal of the group."""

    run_id: RunId  # 17
    crystal_number: int  # 1
    sweep_name: str  # "xtal2_1"
    left_why: str = ""  # why it is not taken; "": it is


def merge_key(members: Sequence[MergeMember], options: MergeOptions, dials_version: str) -> str:
    """Hash what decides a merge's result; the same work has the same key.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    taken = sorted((m.run_id, m.crystal_number) for m in members if not m.left_why)
    parts = [taken, options.as_json(), dials_version]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge as it was asked for, and how it ended."""

    merge_id: MergeId  # 3
    group_id: GroupId  # 4
    group_name: str  # "A"
    collection_id: CollectionId  # 5
    collection_name: str  # "plate3"
    members: tuple[MergeMember, ...]  # in natural order of the sweep's name
    options: MergeOptions
    dials_version: str  # "3.12.1"
    requested_by: str  # "anna"
    asked_at: datetime  # UTC
    place: (
        str  # "i24/plate3-1f0c9a/merging/merge-3": below the run root, and the prefix of its artifacts' keys
    )
    state: MergeState
    outcome: Outcome | None  # of a failed one
    sentence: str  # how it ended; "" while it waits

    @property
    def name(self) -> str:
        """How a person knows it: "plate3 A"."""
        return f"{self.collection_name} {self.group_name}"

    @property
    def taken(self) -> tuple[MergeMember, ...]:
        """The crystals that are merged."""
        return tuple(member for member in self.members if not member.left_why)


@dataclass(frozen=True, slots=True)
class ShellFigures:
    """Statistics of the scaled reflections of a shell of resolution, or of all; Friedel pairs are equivalent.

    None: not defined for so few reflections. R values and CC1/2 are fractions.
    """

    d_max_angstrom: float  # 6.81
    d_min_angstrom: float  # 1.00
    observation_count: int  # 558
    unique_count: int  # 219
    completeness_percent: float | None  # 99.1
    multiplicity: float | None  # 2.5
    r_merge: float | None  # 0.025
    r_meas: float | None  # 0.032
    r_pim: float | None  # 0.020
    cc_half: float | None  # 0.996
    i_over_sigma: float | None  # 47.8: mean of I over its standard uncertainty, of merged reflections


@dataclass(frozen=True, slots=True)
class MergedData:
    """What came out."""

    space_group: str  # "P 21 21 21"
    cell: tuple[float, ...]  # mean of the scaled data sets': angstrom, degrees
    dataset_count: int  # 3: those that scaling kept
    overall: ShellFigures
    shells: tuple[ShellFigures, ...]  # from low resolution to high


@dataclass(frozen=True, slots=True)
class MergeReport(WorkReport):
    """All that a merge adds to the catalogue when it ends."""

    sentence: str
    merged: MergedData | None = None  # None: it failed
