"""Joint refinements for people: the newest ones with their figures before and after."""

from dataclasses import dataclass
from functools import partial

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.catalog.joint import artifacts_of_joint_step, load_joint
from beamloop.catalog.step_records import StepCost, keys_of_files
from beamloop.records.identifiers import CollectionId, RunId
from beamloop.records.joint import (
    Comparison,
    CrystalFigures,
    GroupFigures,
    Joint,
    JointId,
    MemberFigures,
)


@dataclass(frozen=True, slots=True)
class JointResult:
    """A joint refinement with everything that a person asks of it."""

    joint: Joint
    comparison: Comparison | None  # None before its refinement has ended
    steps: tuple[StepCost, ...]
    files: dict[str, str]  # by step and name: {"report/report.html": "i24/plate3-1f0c9a/joint/..."}


def joints_of_collection(connection: Connection, collection_id: CollectionId) -> list[JointResult]:
    """Return the newest joint refinement of each group, and its newest published one, oldest first."""
    rows = QUERIES.joints_of_collection(connection, collection_id=collection_id)
    found = sorted(JointId(row["joint_id"]) for row in rows)
    return [joint_result(connection, joint_id) for joint_id in found]


def joint_result(connection: Connection, joint_id: JointId) -> JointResult:
    """Return one joint refinement with its figures.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    joint = load_joint(connection, joint_id)
    steps = tuple(StepCost(**row) for row in QUERIES.joint_steps(connection, joint_id=joint_id))
    files = keys_of_files(steps, partial(artifacts_of_joint_step, connection, joint_id))
    return JointResult(joint, _comparison(connection, joint), steps, files)


def _comparison(connection: Connection, joint: Joint) -> Comparison | None:
    words = QUERIES.joint_words(connection, joint_id=joint.joint_id)
    if words is None:
        return None
    groups = {row.pop("moment"): GroupFigures(**row) for row in _rows("joint_figures", connection, joint)}
    crystals: dict[tuple[int, int, str], CrystalFigures] = {}
    for row in _rows("joint_crystals", connection, joint):
        key = (row.pop("run_id"), row.pop("crystal_number"), row.pop("moment"))
        su = tuple(row["cell_su"]) if row["cell_su"] else None
        crystals[key] = CrystalFigures(**row | {"cell": tuple(row["cell"]), "cell_su": su})
    left = {
        (row["run_id"], row["crystal_number"]): row["left_why"] or ""
        for row in _rows("members_of_joint", connection, joint)
    }
    names = joint.member_names()
    members = tuple(
        MemberFigures(
            run_id=RunId(member.run_id),
            crystal_number=member.crystal_number,
            name=names[member.run_id, member.crystal_number],
            space_group=member.space_group,
            before=crystals.get((member.run_id, member.crystal_number, "before")),
            after=crystals.get((member.run_id, member.crystal_number, "after")),
            left=left[member.run_id, member.crystal_number],
        )
        for member in joint.members
    )
    return Comparison(
        members, groups["before"], groups["after"], words["setting"], tuple(words["worse"]),
        tuple(words["notes"]), words["parts"],
    )  # fmt: skip


def _rows(query: str, connection: Connection, joint: Joint) -> list[Row]:
    return [dict(row) for row in getattr(QUERIES, query)(connection, joint_id=joint.joint_id)]
