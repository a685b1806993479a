"""Ask for the merge of groups, or say why a group cannot be merged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from beamloop.catalog.connection import Connection
from beamloop.catalog.isomorphism import latest_groups, members_of_report
from beamloop.catalog.merging import ask_for_merge
from beamloop.catalog.runs import artifacts_of_step, load_run
from beamloop.errors import NotFoundError
from beamloop.records.identifiers import CollectionId, RunId
from beamloop.records.isomorphism import GroupMember, GroupSnapshot
from beamloop.records.merging import MergeId, MergeMember, MergeOptions
from beamloop.records.program import ProgramLimits
from beamloop.records.run import Run

INTEGRATED = ("integrated.expt", "integrated.refl")


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking."""

    merge_ids: tuple[MergeId, ...]  # new ones, and those of the same work
    refusals: Mapping[str, str]  # {"B": "no sweep of it may be merged: ..."}: why, by the group's name


def ask_for_groups(
    connection: Connection,
    dials_version: str,
    collection_id: CollectionId,
    *,
    requested_by: str,
    group: str | None = None,
    d_min_angstrom: float | None = None,
    limits: ProgramLimits = ProgramLimits(),
) -> Asked:
    """Ask for the merge of each group of which something may be merged.

    Parameters
    ----------
    connection
        Inside a transaction.
    dials_version
        E.g. "3.12.1".
    collection_id
        The collection.
    requested_by
        A person.
    group
        Only the group of this name, e.g. "A"; None: all.
    d_min_angstrom
        Leave out what lies beyond this resolution.
    limits
        What one program may use.

    Raises
    ------
    NotFoundError
        When there is no such group.
    """
    chosen = [found for found in latest_groups(connection, collection_id) if group in (None, found.name)]
    if not chosen:
        raise NotFoundError(
            f"This collection has no group {group}." if group else "This collection has no groups yet.",
            try_next="`beamloop groups COLLECTION` shows them; a report follows on each processed sweep.",
        )
    merge_ids, refusals = [], {}
    for found in chosen:
        runs = {m.run_id: load_run(connection, m.run_id) for m in found.members}
        members = _members(connection, found, runs)
        if all(member.left_why for member in members):
            refusals[found.name] = _refusal(members)
            continue
        options = MergeOptions(d_min_angstrom, _told_space_group(members, runs), limits)
        merge_ids.append(
            ask_for_merge(connection, found, members, options, dials_version, requested_by=requested_by)
        )
    return Asked(tuple(merge_ids), refusals)


def _members(connection: Connection, group: GroupSnapshot, runs: Mapping[RunId, Run]) -> list[MergeMember]:
    # Of all groups, and those set aside: a sweep's integrated reflections are those of all its lattices.
    crystals = Counter(found.member.run_id for found in members_of_report(connection, group.report_id))
    return [
        MergeMember(
            member.run_id,
            member.crystal_number,
            member.sweep_name,
            _why_not(connection, member, runs[member.run_id], crystals[member.run_id]),
        )
        for member in group.members
    ]


def _why_not(connection: Connection, member: GroupMember, run: Run, crystals: int) -> str:
    """Say why a crystal cannot be merged; "" where it can."""
    if not run.parameters.for_merging:
        return f"its profile {run.parameters.profile} is for cells, its intensities are not for merging"
    if not set(INTEGRATED) <= set(artifacts_of_step(connection, run.run_id, "integrate")):
        return "it was not integrated as one block"
    if crystals > 1:
        return "its spots belong to several lattices, which overlap"
    return ""


def _refusal(members: list[MergeMember]) -> str:
    reasons = Counter(member.left_why for member in members)
    counted = "; ".join(f"{why} ({count} of {len(members)})" for why, count in reasons.items())
    return f"No sweep of it can be merged: {counted}."


def _told_space_group(members: list[MergeMember], runs: Mapping[RunId, Run]) -> str | None:
    """Return the space group that people gave for every crystal that is taken, if it is one."""
    told = {runs[m.run_id].parameters.sample.space_group for m in members if not m.left_why}
    return told.pop() if len(told) == 1 else None
