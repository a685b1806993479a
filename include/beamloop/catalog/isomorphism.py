"""Reports on isomorphism as they were published: the newest one, its groups, what it found."""

from collections import defaultdict
from collections.abc import Sequence

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import stored_by_name
from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId
from beamloop.records.isomorphism import (
    Finding,
    GroupMember,
    GroupSnapshot,
    MemberWord,
    ReportHeader,
    ReportMember,
    Severity,
    Standing,
    Variation,
    Verdict,
    WordKind,
)


def newest_report(connection: Connection, collection_id: CollectionId) -> ReportHeader | None:
    """Return the report of a collection that counts, None where there is none yet."""
    row = QUERIES.newest_isomorphism_report(connection, collection_id=collection_id)
    if row is None:
        return None
    values = dict(row)
    members = _variation(values.pop("lcv_percent"), values.pop("alcv_angstrom"))
    everything = _variation(values.pop("all_lcv_percent"), values.pop("all_alcv_angstrom"))
    verdict = Verdict(values.pop("verdict"))
    return ReportHeader(**values, verdict=verdict, members=members, everything=everything)


def _variation(lcv_percent: float | None, alcv_angstrom: float | None) -> Variation | None:
    if lcv_percent is None or alcv_angstrom is None:
        return None
    return Variation(lcv_percent, alcv_angstrom)


def latest_groups(connection: Connection, collection_id: CollectionId) -> tuple[GroupSnapshot, ...]:
    """Return the isomorphous groups of a collection's newest report.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection.

    Returns
    -------
    tuple of GroupSnapshot
        The oldest identity first; none where there is no report yet. Groups of one are among them.
    """
    report = newest_report(connection, collection_id)
    return groups_of_report(connection, report) if report else ()


def groups_of_report(connection: Connection, report: ReportHeader) -> tuple[GroupSnapshot, ...]:
    """Return the groups of one report, the oldest identity first."""
    members = defaultdict(list)
    for row in QUERIES.members_of_report(connection, report_id=report.report_id):
        members[row["group_id"]].append(group_member(row))
    return tuple(
        GroupSnapshot(
            group_id=GroupId(row["group_id"]),
            name=row["name"],
            report_id=report.report_id,
            collection_id=report.collection_id,
            lcv_percent=row["lcv_percent"],
            alcv_angstrom=row["alcv_angstrom"],
            members=tuple(members[row["group_id"]]),
        )
        for row in QUERIES.groups_of_report(connection, report_id=report.report_id)
    )


def group_member(row: Row) -> GroupMember:
    """Return the crystal of a row."""
    return GroupMember(
        run_id=RunId(row["run_id"]),
        crystal_number=row["crystal_number"],
        sweep_id=SweepId(row["sweep_id"]),
        sweep_name=row["sweep_name"],
        place=row["place"],
        space_group=row["space_group"],
        cell=tuple(row["cell"]),
    )


def members_of_report(connection: Connection, report_id: ReportId) -> tuple[ReportMember, ...]:
    """Return every crystal of a report in the order of its serial numbers, excluded ones last."""
    return tuple(
        ReportMember(
            member=group_member(row),
            serial=row["serial"],
            standing=Standing(row["standing"]),
            common_cell=tuple(row["common_cell"]) if row["common_cell"] else None,
            operator=row["operator"],
            robust_z=row["robust_z"],
            reason=row["reason"],
            sentence=row["sentence"],
            decision_id=row["decision_id"],
        )
        for row in QUERIES.members_of_report(connection, report_id=report_id)
    )


def findings_of_report(connection: Connection, report_id: ReportId) -> tuple[Finding, ...]:
    """Return what validation found, in its own order."""
    rows = QUERIES.findings_of_report(connection, report_id=report_id)
    return tuple(
        Finding(**row | {"severity": Severity(row["severity"]), "sweeps": tuple(row["sweeps"])})
        for row in rows
    )


def artifacts_of_report(connection: Connection, report_id: ReportId) -> dict[str, StoredObject]:
    """Return where a report's files are, by name."""
    rows = QUERIES.artifacts_of_report(connection, report_id=report_id)
    return stored_by_name(rows)


def words_of_report(connection: Connection, report_id: ReportId) -> tuple[MemberWord, ...]:
    """Return what people had said of a report's crystals, the oldest first."""
    return member_words(QUERIES.words_of_report(connection, report_id=report_id))


def member_words(rows: Sequence[Row]) -> tuple[MemberWord, ...]:
    """Return the words of rows."""
    return tuple(MemberWord(**row | {"kind": WordKind(row["kind"])}) for row in rows)
