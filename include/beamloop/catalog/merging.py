"""Merges of groups: asked for once, ended once, shown with their table of statistics."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.artifacts import add_artifacts
from beamloop.catalog.connection import QUERIES, Row
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId, RunId, natural_order
from beamloop.records.isomorphism import GroupSnapshot
from beamloop.records.merging import (
    MERGE_STEP,
    Merge,
    MergedData,
    MergeId,
    MergeMember,
    MergeOptions,
    MergeReport,
    MergeState,
    ShellFigures,
    merge_key,
)
from beamloop.records.outcome import Outcome, OutcomeCode


@dataclass(frozen=True, slots=True)
class MergeResult:
    """A merge with everything that a person asks of it."""

    merge: Merge
    merged: MergedData | None  # None while it waits, and where it failed
    files: dict[str, str]  # {"merged.mtz": "i24/plate3-1f0c9a/merging/merge-3/merged.mtz"}
    cpu_s: float  # 21.4
    peak_memory_bytes: int
    last_trouble: str  # words of the last transient error


def ask_for_merge(
    connection: Connection,
    group: GroupSnapshot,
    members: Sequence[MergeMember],
    options: MergeOptions,
    dials_version: str,
    *,
    requested_by: str,
) -> MergeId:
    """Ask for the merge of a group; the same work that waits or is there already is that merge.

    Parameters
    ----------
    connection
        Inside a transaction.
    group
        The group.
    members
        Its crystals, with the reasons of those that are not taken.
    options
        How to merge.
    dials_version
        The DIALS that will do it, e.g. "3.12.1".
    requested_by
        A person.
    """
    work = {"group_id": group.group_id, "work_sha256": merge_key(members, options, dials_version)}
    merge_id = QUERIES.put_merge(
        connection,
        **work,
        report_id=group.report_id,
        options=Json(options.as_json()),
        dials_version=dials_version,
        requested_by=requested_by,
    )
    if merge_id is None:
        return MergeId(QUERIES.known_merge(connection, **work))
    for member in members:
        QUERIES.add_merge_member(
            connection,
            merge_id=merge_id,
            run_id=member.run_id,
            crystal_number=member.crystal_number,
            left_why=member.left_why or None,
        )
    return MergeId(merge_id)


def waiting_merges(connection: Connection, chosen: Sequence[MergeId]) -> list[MergeId]:
    """Return those of these merges that have not ended, the oldest first."""
    return [MergeId(row["merge_id"]) for row in QUERIES.waiting_merges(connection, merge_ids=list(chosen))]


def load_merge(connection: Connection, merge_id: MergeId) -> Merge:
    """Return a merge; its members in natural order of the sweep's name.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    return _merge(connection, _row(connection, merge_id))


def merge_result(connection: Connection, merge_id: MergeId) -> MergeResult:
    """Return a merge with its statistics and files.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    row = _row(connection, merge_id)
    shells = [ShellFigures(**shell) for shell in QUERIES.merge_shells(connection, merge_id=merge_id)]
    merged = None
    if shells:
        cell = tuple(row["cell"])
        merged = MergedData(row["space_group"], cell, row["dataset_count"], shells[0], tuple(shells[1:]))
    return MergeResult(
        merge=_merge(connection, row),
        merged=merged,
        files={file["name"]: file["key"] for file in QUERIES.merge_artifacts(connection, merge_id=merge_id)},
        cpu_s=row["cpu_s"],
        peak_memory_bytes=row["peak_memory_bytes"],
        last_trouble=row["last_trouble"],
    )


def _row(connection: Connection, merge_id: MergeId) -> Row:
    row: Row | None = QUERIES.merge_by_id(connection, merge_id=merge_id)
    if row is None:
        raise NotFoundError(
            f"The catalogue has no merge {merge_id}.", try_next="`beamloop merge COLLECTION` asks for one."
        )
    return row


def _merge(connection: Connection, row: Row) -> Merge:
    members = [
        MergeMember(RunId(m["run_id"]), m["crystal_number"], m["sweep_name"], m["left_why"] or "")
        for m in QUERIES.members_of_merge(connection, merge_id=row["merge_id"])
    ]
    failed = row["code"] is not None
    return Merge(
        merge_id=MergeId(row["merge_id"]),
        group_id=GroupId(row["group_id"]),
        group_name=row["group_name"],
        collection_id=CollectionId(row["collection_id"]),
        collection_name=row["collection_name"],
        members=tuple(sorted(members, key=lambda m: (natural_order(m.sweep_name), m.crystal_number))),
        options=MergeOptions.from_json(row["options"]),
        dials_version=row["dials_version"],
        requested_by=row["requested_by"],
        asked_at=row["asked_at"],
        place=row["place"],
        state=MergeState(row["state"]),
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], MERGE_STEP) if failed else None,
        sentence=row["sentence"],
    )


def note_merge_trouble(connection: Connection, merge_id: MergeId, trouble: str) -> None:
    """Keep the words of a transient error, for the case that Airflow gives up."""
    QUERIES.note_merge_trouble(connection, merge_id=merge_id, trouble=trouble)


def end_merge(
    connection: Connection, merge_id: MergeId, report: MergeReport, artifacts: Sequence[StoredObject]
) -> bool:
    """End a merge with its table and its files; False where it had ended before."""
    merged = report.merged
    ended = QUERIES.end_merge(
        connection,
        merge_id=merge_id,
        state=(MergeState.MERGED if merged else MergeState.FAILED).value,
        code=report.outcome.code.value if report.outcome else None,
        sentence=report.sentence,
        space_group=merged.space_group if merged else None,
        cell=list(merged.cell) if merged else None,
        dataset_count=merged.dataset_count if merged else None,
        cpu_s=report.cpu_s,
        peak_memory_bytes=report.peak_memory_bytes,
    )
    if ended is None:
        return False
    for shell, figures in enumerate((merged.overall, *merged.shells) if merged else ()):
        QUERIES.add_merge_shell(connection, merge_id=merge_id, shell=shell, **asdict(figures))
    add_artifacts(QUERIES.add_merge_artifact, connection, report, artifacts, merge_id=merge_id)
    return True


def fail_merge(connection: Connection, merge_id: MergeId, outcome: Outcome) -> None:
    """End a merge without a result."""
    end_merge(connection, merge_id, MergeReport(outcome.sentence, outcome=outcome), [])
