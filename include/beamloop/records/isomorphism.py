"""Which crystals belong together: what a report says, and what people said.

Cells are a, b, c in angstrom, alpha, beta, gamma in degrees. LCV and aLCV are those of BLEND: the largest
variation of a face diagonal, in percent and in angstrom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId

# Below 1 % data sets are isomorphous enough to merge.
# Source: Foadi et al. (2013), Acta Cryst. D69, 1617.
LIMIT_PERCENT = 1.0


class Standing(StrEnum):
    """What a crystal is in a report; the catalogue's constraint holds the same list."""

    MEMBER = "member"
    OUTLIER = "outlier"
    EXCLUDED = "excluded"
    NOT_JUDGED = "not_judged"  # its cell rests on too few reflections


class WordKind(StrEnum):
    """What a person may say of a sweep; the catalogue's constraint holds the same list."""

    EXCLUDE = "exclude"
    INCLUDE = "include"  # a member whatever its robust z, and however few its reflections
    REGROUP = "regroup"
    WITHDRAW = "withdraw"  # as Beamloop suggests


class Verdict(StrEnum):
    """How a report ends; the catalogue's constraint holds the same list."""

    ISOMORPHOUS = "isomorphous"  # one group within the limit, nothing set aside
    NOT_ISOMORPHOUS = "not_isomorphous"
    TOO_FEW = "too_few"
    IMPLAUSIBLE = "implausible"  # cells that cannot be: a person is needed


TRY_NEXT = {
    Verdict.ISOMORPHOUS: "",
    Verdict.NOT_ISOMORPHOUS: "Each group goes on by itself. Look at the tree; `beamloop exclude`, `include`, "
    "`regroup` or `limit` overrules it.",
    Verdict.TOO_FEW: "Collect more sweeps; `beamloop show` tells what became of those that are there.",
    Verdict.IMPLAUSIBLE: "Look at the named sweeps: process them again, or leave them out with "
    "`beamloop exclude`.",
}


class Severity(StrEnum):
    """How much a failed expectation means."""

    CRITICAL = "critical"  # the data cannot be what they say
    WARNING = "warning"  # the crystals differ


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A crystal of a group."""

    run_id: RunId  # 17
    crystal_number: int  # 1
    sweep_id: SweepId  # 12
    sweep_name: str  # "xtal2_1"
    place: str  # "i24/plate3-1f0c9a/xtal2_1/run-17": below the run root, and the prefix of artifacts' keys
    space_group: str  # "H 3"
    cell: tuple[float, ...]  # as the sweep's own refinement left it


@dataclass(frozen=True, slots=True)
class GroupSnapshot:
    """A group as one report has it."""

    group_id: GroupId  # 4: the same from night to night
    name: str  # "A"
    report_id: ReportId  # 31
    collection_id: CollectionId  # 5
    lcv_percent: float  # 0.41: of the common cells
    alcv_angstrom: float  # 0.69
    members: tuple[GroupMember, ...]  # in the order of the report's serial numbers


@dataclass(frozen=True, slots=True)
class MemberWord:
    """What a person said of a sweep, or of one crystal of one run of it."""

    decision_id: int  # 8
    sweep_id: SweepId  # 12
    sweep_name: str  # "xtal2_1"
    run_id: RunId | None  # None: all crystals, whatever the run
    crystal_number: int | None
    kind: WordKind
    group_id: GroupId | None  # of a regrouping
    group_name: str | None  # "B"
    said_by: str  # "anna"
    said_at: datetime  # UTC
    why: str  # "ice rings"


@dataclass(frozen=True, slots=True)
class LimitWord:
    """What a person said of a collection's limit."""

    decision_id: int  # 2
    limit_percent: float  # 0.8
    said_by: str
    said_at: datetime  # UTC
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A crystal of the newest processed run of a sweep."""

    member: GroupMember
    distance_mm: float | None  # 250.1
    d_min_angstrom: float | None  # 3.0
    used_count: int  # 160: reflections that its cell was refined against; where not known, the indexed ones
    with_siblings_cell: bool  # its lattice was found with the cell and space group of its siblings
    image_first: int  # 1
    image_last: int  # 12
    mtz_key: str | None  # "i24/plate3-1f0c9a/xtal2_1/run-17/export/integrated.mtz"


@dataclass(frozen=True, slots=True)
class ReportMember:
    """A crystal in a report."""

    member: GroupMember
    serial: int | None  # 1; None for what is in no tree
    standing: Standing
    common_cell: tuple[float, ...] | None
    operator: str | None  # "a,b,c": from the crystal's own cell to the common one
    robust_z: float | None  # 3.1: of the face diagonal that stands out most
    reason: str  # "doubled_axis", or ""
    sentence: str  # "c is twice that of the others: likely misindexed, index it again with ..."
    decision_id: int | None  # of the word that made this its standing or its group


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """A group of a report that is being made."""

    name: str  # "A"
    group_id: GroupId | None  # None: a new one
    lcv_percent: float
    alcv_angstrom: float
    members: tuple[tuple[RunId, int], ...]  # ((17, 1), ...): run and crystal number


@dataclass(frozen=True, slots=True)
class Finding:
    """What one expectation found."""

    expectation: str  # "lcv_within_limit"
    severity: Severity
    passed: bool
    sentence: str  # "LCV 0.41 % of 8 members is within the limit of 1 %."
    statistics: Mapping[str, object]  # {"observed": 0.41, "limit": 1.0}
    sweeps: tuple[str, ...]  # where to look: ("xtal3_1",)


@dataclass(frozen=True, slots=True)
class Variation:
    """LCV and aLCV of some crystals."""

    lcv_percent: float  # 0.41
    alcv_angstrom: float  # 0.69


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """A published report at a glance."""

    report_id: ReportId  # 31
    collection_id: CollectionId  # 5
    published_at: datetime  # UTC
    membership_sha256: str
    limit_percent: float  # 1.0
    verdict: Verdict
    sentence: str  # "8 of 10 crystals are isomorphous: ..."
    setting: str  # "conventional R"
    members: Variation | None  # None below two
    everything: Variation | None
    wall_s: float
    cpu_s: float
