"""A joint refinement and a merge of a group, recorded as the stages record them, without DIALS."""

from dataclasses import replace

from tests.services.filled_catalogue import NOW
from tests.services.joint_figures import comparison, figures, member

from beamloop.catalog.connection import Connection
from beamloop.catalog.joint import record_joint_step
from beamloop.catalog.joint_requests import ask_for_joint
from beamloop.catalog.merging import ask_for_merge, end_merge
from beamloop.records.artifact import StoredObject
from beamloop.records.isomorphism import GroupSnapshot
from beamloop.records.joint import Comparison, JointId, JointOptions, JointState, JointStepReport
from beamloop.records.merging import (
    MergedData,
    MergeId,
    MergeMember,
    MergeOptions,
    MergeReport,
    ShellFigures,
)

LEFT, LEFT_WHY = 2, "left it"


def add_joint(
    connection: Connection, group: GroupSnapshot, report: StoredObject | None = None
) -> tuple[JointId, Comparison]:
    """Record a published joint refinement: cells of 98.3 to 99 angstrom before, all alike after; one left.

    Parameters
    ----------
    connection
        Inside a transaction.
    group
        Three crystals and more.
    report
        Its report.html in the store.
    """
    joint_id = ask_for_joint(connection, group, JointOptions(), "3.12.1", requested_by="a test")
    assert joint_id is not None
    changed = [
        member(m.run_id, figures(98.3 + 0.1 * (at % 8)), figures(98.3), LEFT_WHY if at == LEFT else "")
        for at, m in enumerate(group.members)
    ]
    changed[LEFT] = replace(changed[LEFT], after=None)
    found = comparison(*changed)
    last = JointStepReport(
        "report", NOW, NOW, "", state=JointState.PUBLISHED, sentence="Better.",
        artifact_names=("report.html",) if report else (),
    )  # fmt: skip
    assert record_joint_step(
        connection, joint_id, JointStepReport("refine", NOW, NOW, "refined", comparison=found), []
    )
    assert record_joint_step(connection, joint_id, last, [report] if report else [])
    return joint_id, found


def add_merge(connection: Connection, group: GroupSnapshot) -> tuple[MergeId, MergeMember]:
    """Record a merge, and the crystal that was left out of it."""
    shell = ShellFigures(20.0, 1.8, 558, 219, 99.1, 2.5, 0.025, 0.032, 0.020, 0.996, 47.8)
    merged = MergedData("P 21 21 21", (60.0, 70.0, 80.0, 90.0, 90.0, 90.0), 2, shell, (shell,))
    members = [MergeMember(m.run_id, m.crystal_number, m.sweep_name) for m in group.members]
    members[0] = replace(members[0], left_why="it has several lattices")
    merge_id = ask_for_merge(connection, group, members, MergeOptions(), "3.12.1", requested_by="a test")
    assert end_merge(connection, merge_id, MergeReport("Merged.", merged), [])
    return merge_id, members[0]
