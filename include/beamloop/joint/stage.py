"""Do one step of one joint refinement, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
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
from beamloop.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    InvalidInputError,
    TransientError,
)
from beamloop.joint import integrate, refine, write_report
from beamloop.joint.inputs import fetch_inputs, load_runs
from beamloop.joint.step_report import REPORT_NAME, read_step_report, write_step_report
from beamloop.joint.work import JointFinding, JointWork
from beamloop.records.joint import JOINT_STEPS, Joint, JointId, JointState, JointStepReport
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, settle, step_lock
from beamloop.storage.step_files import fetch_step_files, put_step_file

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[JointWork], JointFinding]] = {
    "refine": refine.perform,
    "integrate": integrate.perform,
    "report": write_report.perform,
}


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
    with _trouble_noted(services, joint, step):
        _do(services, joint, step)
    with services.catalog.transaction() as connection:
        return load_joint(connection, joint_id)


def _do(services: Services, joint: Joint, step: str) -> None:
    directory = services.run_root / joint.place
    folder = directory / step
    # One lock for all steps: they share the fetched inputs.
    with step_lock(directory, "joint"):
        if not folder.exists():
            _require_predecessors(services, joint, directory, step)
            inputs = fetch_inputs(services, joint, directory) if step == "refine" else ()
            runs = load_runs(services, joint)
            staging = fresh_staging(directory, step)
            _perform(JointWork(joint, step, directory, staging, services.dials, inputs, runs))
            settle(staging, folder)
        report = read_step_report(folder)
        _publish(services, joint, folder, report)
    log.info("%s %s: %s", joint.name, step, report.finding)


def _perform(work: JointWork) -> None:
    started_at = datetime.now(UTC)
    finding = PERFORM[work.step](work)
    report = JointStepReport(
        step=work.step,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        finding=finding.text,
        outcome=finding.outcome,
        state=finding.state,
        sentence=finding.sentence,
        programs=finding.programs,
        comparison=finding.comparison,
    )
    names = {path.relative_to(work.staging).as_posix() for path in work.staging.rglob("*") if path.is_file()}
    write_step_report(work.staging, replace(report, artifact_names=tuple(sorted(names | {REPORT_NAME}))))


def _publish(services: Services, joint: Joint, folder: Path, report: JointStepReport) -> None:
    """Upload every file of a step, then record the step in one transaction."""
    stored = [
        put_step_file(services.store, f"{joint.place}/{report.step}/{name}", folder / name)
        for name in report.artifact_names
    ]
    with services.catalog.transaction() as connection:
        record_joint_step(connection, joint.joint_id, report, stored)


def _require_predecessors(services: Services, joint: Joint, directory: Path, step: str) -> None:
    """Bring the earlier steps' folders here where another machine did them."""
    for earlier in JOINT_STEPS[: JOINT_STEPS.index(step)]:
        folder = directory / earlier
        if folder.exists():
            continue
        with services.catalog.transaction() as connection:
            artifacts = artifacts_of_joint_step(connection, joint.joint_id, earlier)
        if not artifacts:
            raise InvalidInputError(
                f"Joint refinement {joint.joint_id} has not done the step {earlier} yet.",
                try_next=f"Clear the task {earlier} of this group in Airflow.",
            )
        staging = fresh_staging(directory, earlier)
        fetch_step_files(services.store, artifacts, staging)
        settle(staging, folder)


@contextmanager
def _trouble_noted(services: Services, joint: Joint, step: str) -> Iterator[None]:
    """Translate the system's errors, keep the words of every error, and end what cannot go on."""
    try:
        with disk_trouble_named(services.run_root):
            yield
    except TransientError as error:
        with suppress(BeamloopError), services.catalog.transaction() as connection:
            note_joint_trouble(connection, joint.joint_id, str(error))
        raise
    except (ArtifactDamagedError, ArtifactMissingError) as error:
        with services.catalog.transaction() as connection:
            fail_joint(connection, joint.joint_id, Outcome(OutcomeCode.ARTIFACT_DAMAGED, error.what, step))
        raise
