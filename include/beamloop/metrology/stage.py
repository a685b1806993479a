"""Do one step of one metrology, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from beamloop.catalog.metrology import (
    artifacts_of_metrology_step,
    fail_metrology,
    load_metrology,
    note_metrology_trouble,
    record_metrology_step,
    start_metrology,
)
from beamloop.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    InvalidInputError,
    TransientError,
)
from beamloop.metrology import choose, evidence, index_sweeps, refine, write_report
from beamloop.metrology.step_report import REPORT_NAME, read_step_report, write_step_report
from beamloop.metrology.work import MetrologyFinding, MetrologyWork
from beamloop.records.metrology import (
    METROLOGY_STEPS,
    Metrology,
    MetrologyId,
    MetrologyState,
    MetrologyStepReport,
)
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, settle, step_lock
from beamloop.storage.step_files import fetch_step_files, put_step_file

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[MetrologyWork], MetrologyFinding]] = {
    "choose": choose.perform,
    "index": index_sweeps.perform,
    "refine": refine.perform,
    "evidence": evidence.perform,
    "report": write_report.perform,
}


def run_metrology_step(services: Services, metrology_id: MetrologyId, step: str) -> Metrology:
    """Do a step, or take up what is left of it, or find that it is done.

    Parameters
    ----------
    services
        Catalogue, store, DIALS, and where to work.
    metrology_id
        The metrology.
    step
        One of :data:`beamloop.records.metrology.METROLOGY_STEPS`.

    Returns
    -------
    Metrology
        As it is afterwards; a state other than waiting means that it has ended. The candidate is in the
        registry when the step evidence has been done.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the metrology keeps the words.
    PermanentError
        When a person is needed.
    """
    with services.catalog.transaction() as connection:
        metrology = load_metrology(connection, metrology_id)
        if metrology.state is not MetrologyState.WAITING or step in metrology.steps_done:
            return metrology
        start_metrology(connection, metrology_id)
    with _trouble_noted(services, metrology, step):
        _do(services, metrology, step)
    with services.catalog.transaction() as connection:
        return load_metrology(connection, metrology_id)


def _do(services: Services, metrology: Metrology, step: str) -> None:
    directory = services.run_root / metrology.place
    folder = directory / step
    # One lock for all steps: they share the fetched inputs.
    with step_lock(directory, "metrology"):
        if not folder.exists():
            _require_predecessors(services, metrology, directory, step)
            staging = fresh_staging(directory, step)
            _perform(MetrologyWork(metrology, step, directory, staging, services))
            settle(staging, folder)
        report = read_step_report(folder)
        _publish(services, metrology, folder, report)
    log.info("%s %s: %s", metrology.name, step, report.finding)


def _perform(work: MetrologyWork) -> None:
    started_at = datetime.now(UTC)
    finding = PERFORM[work.step](work)
    report = MetrologyStepReport(
        step=work.step,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        finding=finding.text,
        outcome=finding.outcome,
        state=finding.state,
        sentence=finding.sentence,
        detector=finding.detector,
        choices=finding.choices,
        geometry=finding.geometry,
        programs=finding.programs,
    )
    names = {path.relative_to(work.staging).as_posix() for path in work.staging.rglob("*") if path.is_file()}
    write_step_report(work.staging, replace(report, artifact_names=tuple(sorted(names | {REPORT_NAME}))))


def _publish(services: Services, metrology: Metrology, folder: Path, report: MetrologyStepReport) -> None:
    """Upload every file of a step, then record the step in one transaction."""
    stored = [
        put_step_file(services.store, f"{metrology.place}/{report.step}/{name}", folder / name)
        for name in report.artifact_names
    ]
    with services.catalog.transaction() as connection:
        record_metrology_step(connection, metrology.metrology_id, report, stored)


def _require_predecessors(services: Services, metrology: Metrology, directory: Path, step: str) -> None:
    """Bring the earlier steps' folders here where another machine did them."""
    for earlier in METROLOGY_STEPS[: METROLOGY_STEPS.index(step)]:
        folder = directory / earlier
        if folder.exists():
            continue
        with services.catalog.transaction() as connection:
            artifacts = artifacts_of_metrology_step(connection, metrology.metrology_id, earlier)
        if not artifacts:
            raise InvalidInputError(
                f"Metrology {metrology.metrology_id} has not done the step {earlier} yet.",
                try_next=f"Clear the task {earlier} of this metrology in Airflow.",
            )
        staging = fresh_staging(directory, earlier)
        fetch_step_files(services.store, artifacts, staging)
        settle(staging, folder)


@contextmanager
def _trouble_noted(services: Services, metrology: Metrology, step: str) -> Iterator[None]:
    """Translate the system's errors, keep the words of every error, and end what cannot go on."""
    try:
        with disk_trouble_named(services.run_root):
            yield
    except TransientError as error:
        with suppress(BeamloopError), services.catalog.transaction() as connection:
            note_metrology_trouble(connection, metrology.metrology_id, str(error))
        raise
    except (ArtifactDamagedError, ArtifactMissingError) as error:
        outcome = Outcome(OutcomeCode.ARTIFACT_DAMAGED, error.what, step)
        with services.catalog.transaction() as connection:
            fail_metrology(connection, metrology.metrology_id, outcome)
        raise
