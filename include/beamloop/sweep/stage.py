"""Do one step of one run, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from beamloop.catalog.ladder import rung_records
from beamloop.catalog.runs import load_run, note_trouble, record_outcome, start_run
from beamloop.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    InvalidInputError,
    TransientError,
)
from beamloop.records.identifiers import RunId
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop.records.run import Run, StepReport
from beamloop.records.rung_record import RungRecord
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, settle, step_lock
from beamloop.sweep import export, find_spots, import_images, index, integrate, refine
from beamloop.sweep.detector_place import GEOMETRY
from beamloop.sweep.manifest import write_manifest
from beamloop.sweep.publish import publish, restore
from beamloop.sweep.report_file import REPORT_NAME, read_report, write_report
from beamloop.sweep.work import Finding, StepWork

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[StepWork], Finding]] = {
    "import": import_images.perform,
    "find_spots": find_spots.perform,
    "index": index.perform,
    "refine": refine.perform,
    "integrate": integrate.perform,
    "export": export.perform,
}


def run_step(services: Services, run_id: RunId, step: str) -> Outcome | None:
    """Do a step, or take up what is left of it, or find that it is done.

    Parameters
    ----------
    services
        Catalogue, store, DIALS, and where to work.
    run_id
        The run.
    step
        One of :data:`beamloop.records.parameters.STEPS`.

    Returns
    -------
    Outcome or None
        The run's outcome when it has ended, with this step or an earlier one; None when it goes on.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the run keeps the words.
    PermanentError
        When a person is needed.
    """
    with services.catalog.transaction() as connection:
        run = load_run(connection, run_id)
        if run.outcome and run.outcome.code not in (OutcomeCode.INTERRUPTED, OutcomeCode.CANCELLED):
            return run.outcome
        if step in run.steps_done:
            return None
        start_run(connection, run_id)
    with _trouble_noted(services, run, step):
        return _do(services, run, step)


def _do(services: Services, run: Run, step: str) -> Outcome | None:
    run_directory = services.run_root / run.place
    folder = run_directory / step
    with step_lock(run_directory, step):
        if not folder.exists():
            _require_predecessors(services, run, run_directory, step)
            records = _rung_records(services, run, step)
            staging = fresh_staging(run_directory, step)
            if step == "import" and run.geometry:
                models = run.geometry.models
                services.store.fetch(models.key, staging / GEOMETRY, sha256=models.sha256)
            work = StepWork(run, step, run_directory, staging, services.dials, records)
            _perform(work)
            settle(work.staging, folder)
        report = read_report(folder)
        publish(services.catalog, services.store, run, folder, report)
    log.info("%s %s: %s", run.sweep_name, step, report.finding)
    return report.outcome


def _rung_records(services: Services, run: Run, step: str) -> tuple[RungRecord, ...]:
    """Ask what has worked on the beamline lately, where the step may choose."""
    if step != "index":
        return ()
    with services.catalog.transaction() as connection:
        return rung_records(connection, run.run_id)


def _perform(work: StepWork) -> None:
    started_at = datetime.now(UTC)
    finding = PERFORM[work.step](work)
    report = StepReport(
        step=work.step,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        finding=finding.text,
        outcome=finding.outcome,
        programs=finding.programs,
        rungs=finding.rungs,
        spots=finding.spots,
        crystals=finding.crystals,
        integration=finding.integration,
    )
    if finding.outcome:
        write_manifest(work.run, work.run_directory, work.staging, report)
    names = {path.relative_to(work.staging).as_posix() for path in work.staging.rglob("*") if path.is_file()}
    whole = replace(report, artifact_names=tuple(sorted(names | {REPORT_NAME})))
    write_report(work.staging, whole)


def _require_predecessors(services: Services, run: Run, run_directory: Path, step: str) -> None:
    """Bring the earlier steps' folders here where another machine did them."""
    for earlier in STEPS[: STEPS.index(step)]:
        folder = run_directory / earlier
        if folder.exists():
            continue
        with step_lock(run_directory, earlier):
            staging = fresh_staging(run_directory, earlier)
            if not restore(services.catalog, services.store, run, earlier, staging):
                raise InvalidInputError(
                    f"Run {run.run_id} has not done the step {earlier} yet.",
                    try_next=f"Clear the task {earlier} of this sweep in Airflow.",
                )
            settle(staging, folder)


@contextmanager
def _trouble_noted(services: Services, run: Run, step: str) -> Iterator[None]:
    """Translate the system's errors, keep the words of every error, and end what cannot go on."""
    try:
        with disk_trouble_named(services.run_root):
            yield
    except TransientError as error:
        with suppress(BeamloopError), services.catalog.transaction() as connection:
            note_trouble(connection, run.run_id, str(error))
        raise
    except (ArtifactDamagedError, ArtifactMissingError) as error:
        outcome = Outcome(OutcomeCode.ARTIFACT_DAMAGED, error.what, step)
        with services.catalog.transaction() as connection:
            record_outcome(connection, run.run_id, outcome)
        raise
