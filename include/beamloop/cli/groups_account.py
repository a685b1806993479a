"""All that a collection's newest report on isomorphism says, gathered for text and JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from beamloop.beamlines.group_rules import group_rules_of
from beamloop.catalog.connection import Connection
from beamloop.catalog.geometry import stale_sweeps
from beamloop.catalog.isomorphism import (
    artifacts_of_report,
    findings_of_report,
    groups_of_report,
    members_of_report,
    newest_report,
)
from beamloop.catalog.isomorphism_snapshot import gather_snapshot
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.results_json import FORMAT
from beamloop.cli.session import load_settings
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import StaleSweep
from beamloop.records.isomorphism import (
    TRY_NEXT,
    Finding,
    GroupMember,
    GroupSnapshot,
    LimitWord,
    MemberWord,
    ReportHeader,
    ReportMember,
    Variation,
)


@dataclass(frozen=True, slots=True)
class GroupsAccount:
    """A collection's newest report, and what people have said up to now."""

    place: CollectionPlace
    header: ReportHeader
    is_current: bool  # False: results or words have come since
    groups: tuple[GroupSnapshot, ...]
    members: tuple[ReportMember, ...]
    findings: tuple[Finding, ...]
    files: dict[str, StoredObject]
    words: tuple[MemberWord, ...]  # the last one on each sweep
    limit_word: LimitWord | None
    stale: tuple[StaleSweep, ...]  # sweeps of the collection that another geometry serves now


def gather_groups(connection: Connection, place: CollectionPlace) -> GroupsAccount | None:
    """Read a collection's newest report; None where there is none yet.

    Parameters
    ----------
    connection
        Inside a transaction.
    place
        The collection.
    """
    header = newest_report(connection, place.collection_id)
    if header is None:
        return None
    rules = group_rules_of(load_settings().beamlines_directory, place.beamline)
    snapshot = gather_snapshot(connection, place.collection_id, rules.lcv_limit_percent)
    return GroupsAccount(
        place=place,
        header=header,
        is_current=snapshot.sha256 == header.membership_sha256,
        groups=groups_of_report(connection, header),
        members=members_of_report(connection, header.report_id),
        findings=findings_of_report(connection, header.report_id),
        files=artifacts_of_report(connection, header.report_id),
        words=snapshot.words,
        limit_word=snapshot.limit_word,
        stale=tuple(stale_sweeps(connection, place.collection_id)),
    )


def groups_document(account: GroupsAccount) -> dict[str, Any]:
    """Return an account as plain values, see docs/json.md."""
    header = account.header
    return {
        "format": FORMAT,
        "beamline": account.place.beamline,
        "collection": account.place.name,
        "report_id": header.report_id,
        "is_current": account.is_current,
        "published_at": header.published_at,
        "verdict": header.verdict.value,
        "sentence": header.sentence,
        "try_next": TRY_NEXT[header.verdict],
        "setting": header.setting,
        "limit_percent": header.limit_percent,
        "members": _variation(header.members),
        "everything": _variation(header.everything),
        "groups": [_group(group) for group in account.groups],
        "crystals": [_crystal(entry) for entry in account.members],
        "findings": [asdict(finding) for finding in account.findings],
        "words": [asdict(word) for word in account.words],
        "limit_word": asdict(account.limit_word) if account.limit_word else None,
        "stale": [asdict(sweep) for sweep in account.stale],
        "files": {name: asdict(stored) for name, stored in account.files.items()},
        "wall_s": header.wall_s,
        "cpu_s": header.cpu_s,
    }


def _variation(variation: Variation | None) -> dict[str, float] | None:
    return asdict(variation) if variation else None


def _group(group: GroupSnapshot) -> dict[str, Any]:
    return {
        "group_id": group.group_id,
        "name": group.name,
        "lcv_percent": group.lcv_percent,
        "alcv_angstrom": group.alcv_angstrom,
        "members": [_who(member) for member in group.members],
    }


def _who(member: GroupMember) -> dict[str, Any]:
    return {"sweep": member.sweep_name, "run_id": member.run_id, "crystal": member.crystal_number}


def _crystal(entry: ReportMember) -> dict[str, Any]:
    values = {**_who(entry.member), **asdict(entry)}
    del values["member"]
    return values | {"space_group": entry.member.space_group, "cell": list(entry.member.cell)}
