"""Joint refinements: recorded step by step, ended once."""

from collections.abc import Sequence
from dataclasses import asdict

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import add_artifacts, stored_by_name
from beamloop.catalog.connection import QUERIES, Row
from beamloop.catalog.isomorphism import group_member
from beamloop.catalog.step_records import end_work, put_step
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, natural_order
from beamloop.records.joint import (
    Comparison,
    CrystalFigures,
    Joint,
    JointId,
    JointOptions,
    JointState,
    JointStepReport,
)
from beamloop.records.outcome import Outcome, OutcomeCode


def load_joint(connection: Connection, joint_id: JointId) -> Joint:
    """Return a joint refinement; its members in natural order of the sweep's name.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    row = QUERIES.joint_by_id(connection, joint_id=joint_id)
    if row is None:
        raise NotFoundError(
            f"The catalogue has no joint refinement {joint_id}.",
            try_next="`beamloop joint show COLLECTION` lists them.",
        )
    members = [group_member(member) for member in QUERIES.members_of_joint(connection, joint_id=joint_id)]
    failed = row["code"] is not None
    return Joint(
        joint_id=joint_id,
        group_id=GroupId(row["group_id"]),
        group_name=row["group_name"],
        report_id=ReportId(row["report_id"]),
        collection_id=CollectionId(row["collection_id"]),
        collection_name=row["collection_name"],
        members=tuple(sorted(members, key=lambda m: (natural_order(m.sweep_name), m.crystal_number))),
        options=JointOptions.from_json(row["options"]),
        dials_version=row["dials_version"],
        requested_by=row["requested_by"],
        asked_at=row["asked_at"],
        place=row["place"],
        state=JointState(row["state"]),
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["step"]) if failed else None,
        sentence=row["sentence"],
        steps_done=frozenset(row["steps_done"]),
    )


def start_joint(connection: Connection, joint_id: JointId) -> None:
    """Note that work has begun."""
    QUERIES.start_joint(connection, joint_id=joint_id)


def note_joint_trouble(connection: Connection, joint_id: JointId, trouble: str) -> None:
    """Keep the words of a transient error, for the case that Airflow gives up."""
    QUERIES.note_joint_trouble(connection, joint_id=joint_id, trouble=trouble)


def record_joint_step(
    connection: Connection, joint_id: JointId, report: JointStepReport, artifacts: Sequence[StoredObject]
) -> bool:
    """Record a step whole, once, with the comparison that it made.

    Parameters
    ----------
    connection
        Inside a transaction: everything is recorded, or nothing.
    joint_id
        The joint refinement.
    report
        What the step found.
    artifacts
        Where its files are in the store, in the order of `report.artifact_names`.

    Returns
    -------
    bool
        False when the step had been recorded before; then nothing is changed.
    """
    if not put_step(QUERIES.put_joint_step, connection, report, joint_id=joint_id):
        return False
    whose = {"joint_id": joint_id, "step": report.step}
    add_artifacts(QUERIES.add_joint_artifact, connection, report, artifacts, **whose)
    if report.comparison:
        _add_comparison(connection, joint_id, report.comparison)
    if report.outcome:
        fail_joint(connection, joint_id, report.outcome)
    elif report.state:
        end_work(QUERIES.end_joint, connection, report.state, report.sentence, joint_id=joint_id)
    return True


def fail_joint(connection: Connection, joint_id: JointId, outcome: Outcome) -> None:
    """End a joint refinement without a result."""
    end_work(QUERIES.end_joint, connection, JointState.FAILED, outcome.sentence, outcome, joint_id=joint_id)


def _add_comparison(connection: Connection, joint_id: JointId, comparison: Comparison) -> None:
    for member in comparison.members:
        crystal = {"run_id": member.run_id, "crystal_number": member.crystal_number}
        if member.left:
            QUERIES.let_joint_member_go(connection, joint_id=joint_id, left_why=member.left, **crystal)
        for moment, figures in (("before", member.before), ("after", member.after)):
            if figures:
                values = _crystal_row(figures)
                QUERIES.add_joint_crystal(connection, joint_id=joint_id, moment=moment, **crystal, **values)
    for moment, group in (("before", comparison.before), ("after", comparison.after)):
        QUERIES.add_joint_figures(connection, joint_id=joint_id, moment=moment, **asdict(group))
    QUERIES.add_joint_words(
        connection,
        joint_id=joint_id,
        setting=comparison.setting,
        worse=list(comparison.worse),
        notes=list(comparison.notes),
        parts=comparison.parts,
    )


def _crystal_row(figures: CrystalFigures) -> Row:
    su = list(figures.cell_su) if figures.cell_su else None
    return asdict(figures) | {"cell": list(figures.cell), "cell_su": su}


def artifacts_of_joint_step(connection: Connection, joint_id: JointId, step: str) -> dict[str, StoredObject]:
    """Return where the files of a recorded step are, by name."""
    rows = QUERIES.artifacts_of_joint_step(connection, joint_id=joint_id, step=step)
    return stored_by_name(rows)
