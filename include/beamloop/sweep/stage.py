"""Do one step of one run, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from beamloop.catalog.ladder import rung_records
from beamloop.catalog.runs import (
    artifacts_of_step,
    load_run,
    note_trouble,
    record_outcome,
    record_step,
    start_run,
)
from beamloop.records.identifiers import RunId
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop.records.run import Run, StepReport
from beamloop.records.rung_record import RungRecord
from beamloop.services import Services
from beamloop.steps.once import do_once
from beamloop.steps.stage import Stage, Step, StepOrder
from beamloop.sweep import export, find_spots, import_images, index, integrate, refine
from beamloop.sweep.detector_place import GEOMETRY
from beamloop.sweep.manifest import write_manifest
from beamloop.sweep.work import REPORTS, Finding, StepWork

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[StepWork], Finding]] = {
    "import": import_images.perform,
    "find_spots": find_spots.perform,
    "index": index.perform,
    "refine": refine.perform,
    "integrate": integrate.perform,
    "export": export.perform,
}
STAGE = Stage(
    kind="Run",
    reports=REPORTS,
    record=record_step,
    note_trouble=note_trouble,
    fail=record_outcome,
    order=StepOrder(STEPS, artifacts_of_step, "this sweep"),
)


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
    report = do_once(
        services, STAGE, Step(run_id, run.place, step), lambda staging: _perform(services, run, step, staging)
    )
    log.info("%s %s: %s", run.sweep_name, step, report.finding)
    return report.outcome


def _rung_records(services: Services, run: Run, step: str) -> tuple[RungRecord, ...]:
    """Ask what has worked on the beamline lately, where the step may choose."""
    if step != "index":
        return ()
    with services.catalog.transaction() as connection:
        return rung_records(connection, run.run_id)


def _perform(services: Services, run: Run, step: str, staging: Path) -> StepReport:
    directory = services.run_root / run.place
    if step == "import" and run.geometry:
        models = run.geometry.models
        services.store.fetch(models.key, staging / GEOMETRY, sha256=models.sha256)
    records = _rung_records(services, run, step)
    started_at = datetime.now(UTC)
    finding = PERFORM[step](StepWork(run, step, directory, staging, services.dials, records))
    report = StepReport(
        step=step,
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
        write_manifest(run, directory, staging, report)
    return report
