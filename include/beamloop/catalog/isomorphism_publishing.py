"""A report on isomorphism enters the catalogue whole."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count, product
from string import ascii_uppercase

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.isomorphism import newest_report
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, SweepId
from beamloop.records.isomorphism import Finding, ReportGroup, ReportMember, Variation, Verdict


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group with those who belonged to it when it was last seen."""

    group_id: GroupId  # 4
    name: str  # "A"
    last_members: frozenset[tuple[SweepId, int]]  # {(12, 1)}: sweep and crystal number
    in_newest_report: bool


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """All that a report adds to the catalogue."""

    report_id: ReportId
    collection_id: CollectionId
    verdict: Verdict
    sentence: str
    setting: str  # "conventional R"
    variation: Variation | None  # of the members; None below two
    whole_variation: Variation | None  # of all that are not excluded
    members: tuple[ReportMember, ...]
    groups: tuple[ReportGroup, ...]
    findings: tuple[Finding, ...]
    wall_s: float
    cpu_s: float


def known_groups(connection: Connection, collection_id: CollectionId) -> tuple[KnownGroup, ...]:
    """Return every group that a collection ever had, the oldest first."""
    rows = list(QUERIES.groups_with_last_members(connection, collection_id=collection_id))
    newest = newest_report(connection, collection_id)
    members = defaultdict(set)
    for row in rows:
        if row["sweep_id"] is not None:
            members[row["group_id"]].add((SweepId(row["sweep_id"]), int(row["crystal_number"])))
    return tuple(
        KnownGroup(
            group_id=GroupId(group_id),
            name=row["name"],
            last_members=frozenset(members[group_id]),
            in_newest_report=newest is not None and row["last_report_id"] == newest.report_id,
        )
        for group_id, row in {row["group_id"]: row for row in rows}.items()
    )


def unused_names(taken: Set[str]) -> Iterator[str]:
    """Yield A, B, ..., Z, AA, AB, ... without the names that are taken."""
    for length in count(1):
        for letters in product(ascii_uppercase, repeat=length):
            name = "".join(letters)
            if name not in taken:
                yield name


def make_next_group(connection: Connection, collection_id: CollectionId) -> tuple[GroupId, str]:
    """Give the next unused name of a collection to a new group, for a person to put crystals into.

    Returns
    -------
    tuple
        The group and its name.
    """
    QUERIES.lock_collection(connection, collection_id=collection_id)
    name = next(unused_names({group.name for group in known_groups(connection, collection_id)}))
    return _make_group(connection, collection_id, name), name


def publish_report(
    connection: Connection, report: FinishedReport, artifacts: Mapping[str, StoredObject]
) -> bool:
    """Record a report whole, once.

    Parameters
    ----------
    connection
        Inside a transaction: everything is recorded, or nothing.
    report
        What was found.
    artifacts
        Where its files are in the store, by name.

    Returns
    -------
    bool
        False, and nothing is recorded, when this report or a newer one of the collection was published in
        between, or a person gave a new group's name to another one: a newer report is due then.
    """
    QUERIES.lock_collection(connection, collection_id=report.collection_id)
    newest = newest_report(connection, report.collection_id)
    if newest and newest.report_id >= report.report_id:
        return False
    group_ids = _group_ids(connection, report)
    if group_ids is None:
        return False
    _publish_header(connection, report)
    _add_members(connection, report)
    _add_groups(connection, report, group_ids)
    _add_findings(connection, report)
    for name, stored in artifacts.items():
        QUERIES.add_report_artifact(
            connection,
            report_id=report.report_id,
            name=name,
            key=stored.key,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
        )
    return True


def _group_ids(connection: Connection, report: FinishedReport) -> list[GroupId] | None:
    """Return the groups' identities, made where they are new; None when a new name is taken."""
    taken = {group.name for group in known_groups(connection, report.collection_id)}
    if any(group.group_id is None and group.name in taken for group in report.groups):
        return None
    return [
        group.group_id or _make_group(connection, report.collection_id, group.name) for group in report.groups
    ]


def _make_group(connection: Connection, collection_id: CollectionId, name: str) -> GroupId:
    return GroupId(QUERIES.add_isomorphous_group(connection, collection_id=collection_id, name=name))


def _publish_header(connection: Connection, report: FinishedReport) -> None:
    part, whole = report.variation, report.whole_variation
    QUERIES.publish_isomorphism_report(
        connection,
        report_id=report.report_id,
        verdict=report.verdict.value,
        sentence=report.sentence,
        setting=report.setting,
        lcv_percent=part.lcv_percent if part else None,
        alcv_angstrom=part.alcv_angstrom if part else None,
        all_lcv_percent=whole.lcv_percent if whole else None,
        all_alcv_angstrom=whole.alcv_angstrom if whole else None,
        wall_s=report.wall_s,
        cpu_s=report.cpu_s,
    )


def _add_members(connection: Connection, report: FinishedReport) -> None:
    QUERIES.add_report_member(
        connection,
        [
            {
                "report_id": report.report_id,
                "run_id": entry.member.run_id,
                "crystal_number": entry.member.crystal_number,
                "serial": entry.serial,
                "standing": entry.standing.value,
                "space_group": entry.member.space_group,
                "cell": list(entry.member.cell),
                "common_cell": list(entry.common_cell) if entry.common_cell else None,
                "operator": entry.operator,
                "robust_z": entry.robust_z,
                "reason": entry.reason,
                "sentence": entry.sentence,
                "decision_id": entry.decision_id,
            }
            for entry in report.members
        ],
    )


def _add_groups(connection: Connection, report: FinishedReport, group_ids: Sequence[GroupId]) -> None:
    for group, group_id in zip(report.groups, group_ids, strict=True):
        key = {"report_id": report.report_id, "group_id": group_id}
        QUERIES.add_report_group(
            connection, **key, lcv_percent=group.lcv_percent, alcv_angstrom=group.alcv_angstrom
        )
        members = [{**key, "run_id": run_id, "crystal_number": number} for run_id, number in group.members]
        QUERIES.add_group_member(connection, members)


def _add_findings(connection: Connection, report: FinishedReport) -> None:
    for number, finding in enumerate(report.findings, start=1):
        QUERIES.add_report_finding(
            connection,
            report_id=report.report_id,
            finding_number=number,
            expectation=finding.expectation,
            severity=finding.severity.value,
            passed=finding.passed,
            sentence=finding.sentence,
            statistics=Json(dict(finding.statistics)),
            sweeps=list(finding.sweeps),
        )
