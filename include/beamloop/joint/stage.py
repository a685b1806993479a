"""Do one step of one joint refinement, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from beamloop.catalog.joint import (
    artifacts_of_joint_step,
    fail_joint,
    load_joint,
    note_joint_trouble,
    record_joint_step,
    start_joint,
)
from beamloop.joint import integrate, refine, write_report
from beamloop.joint.inputs import fetch_inputs, load_runs
from beamloop.joint.work import REPORTS, JointFinding, JointWork
from beamloop.records.joint import JOINT_STEPS, Joint, JointId, JointState, JointStepReport
from beamloop.services import Services
from beamloop.steps.once import do_once
from beamloop.steps.stage import Stage, Step, StepOrder

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[JointWork], JointFinding]] = {
    "refine": refine.perform,
    "integrate": integrate.perform,
    "report": write_report.perform,
}
STAGE = Stage(
    kind="Joint refinement",
    reports=REPORTS,
    record=record_joint_step,
    note_trouble=note_joint_trouble,
    fail=fail_joint,
    order=StepOrder(JOINT_STEPS, artifacts_of_joint_step, "this group"),
    lock="joint",  # the steps share the fetched inputs
)


def run_joint_step(services: Services, joint_id: JointId, step: str) -> Joint:
    """Do a step, or take up what is left of it, or find that it is done.

    Parameters
    ----------
    services
        Catalogue, store, DIALS, and where to work.
    joint_id
        The joint refinement.
    step
        One of :data:`beamloop.records.joint.JOINT_STEPS`.

    Returns
    -------
    Joint
        As it is afterwards; a state other than waiting means that it has ended.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the joint refinement keeps the words.
    PermanentError
        When a person is needed.
    """
    with services.catalog.transaction() as connection:
        joint = load_joint(connection, joint_id)
        if joint.state is not JointState.WAITING or step in joint.steps_done:
            return joint
        start_joint(connection, joint_id)
    report = do_once(
        services,
        STAGE,
        Step(joint_id, joint.place, step),
        lambda staging: _perform(services, joint, step, staging),
    )
    log.info("%s %s: %s", joint.name, step, report.finding)
    with services.catalog.transaction() as connection:
        return load_joint(connection, joint_id)


def _perform(services: Services, joint: Joint, step: str, staging: Path) -> JointStepReport:
    directory = services.run_root / joint.place
    inputs = fetch_inputs(services, joint, directory) if step == "refine" else ()
    runs = load_runs(services, joint)
    started_at = datetime.now(UTC)
    finding = PERFORM[step](JointWork(step, directory, staging, joint, services.dials, inputs, runs))
    return JointStepReport(
        step=step,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        finding=finding.text,
        outcome=finding.outcome,
        state=finding.state,
        sentence=finding.sentence,
        programs=finding.programs,
        comparison=finding.comparison,
    )
