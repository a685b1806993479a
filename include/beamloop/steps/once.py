"""Do a step exactly once: locked, in a staging folder, renamed when whole, uploaded, recorded."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from beamloop.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    InvalidInputError,
    TransientError,
)
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, settle, step_lock
from beamloop.steps.fetched_folder import fetch_folder
from beamloop.steps.report_file import Report
from beamloop.steps.stage import Number, Stage, Step, StepOrder
from beamloop.storage.step_files import put_step_file

# Each may hold a file of 64 MB in memory on its way to S3.
UPLOADS_AT_ONCE = 4


def do_once(
    services: Services, stage: Stage[Number, Report], step: Step[Number], perform: Callable[[Path], Report]
) -> Report:
    """Do a step, or take up what is left of it.

    A task may be killed anywhere in here: the folder has its name when it is whole, uploads are repeated
    without effect, and the catalogue takes the step whole or not at all.

    Parameters
    ----------
    services
        Catalogue, store, and where to work.
    stage
        What its stage does in its own way.
    step
        The step.
    perform
        Does the work in the staging folder that it is given; the earlier steps' folders are beside it.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the catalogue keeps the words.
    PermanentError
        When a person is needed.
    """
    directory = services.run_root / step.place
    folder = directory / step.name
    with _trouble_noted(services, stage, step), step_lock(directory, stage.lock or step.name):
        if not folder.exists():
            if stage.order:
                _bring_predecessors(services, stage, stage.order, step)
            staging = fresh_staging(directory, step.name)
            stage.reports.write_last(staging, perform(staging))
            settle(staging, folder)
        report = stage.reports.read(folder)
        _publish(services, stage, step, report)
    return report


def _publish(services: Services, stage: Stage[Number, Report], step: Step[Number], report: Report) -> None:
    """Upload every file of a step, then record the step in one transaction."""
    # The only step of a stage needs no folder of its own in the store.
    prefix = f"{step.place}/{step.name}" if stage.order else step.place
    folder = services.run_root / step.place / step.name
    # Small files mostly, each a wait for the disk or the server: some at once. The first error cancels what
    # has not begun.
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        stored = list(
            threads.map(
                lambda name: put_step_file(services.store, f"{prefix}/{name}", folder / name),
                report.artifact_names,
            )
        )
    with services.catalog.transaction() as connection:
        stage.record(connection, step.number, report, stored)


def _bring_predecessors(
    services: Services, stage: Stage[Number, Report], order: StepOrder[Number], step: Step[Number]
) -> None:
    """Bring the earlier steps' folders here where another machine did them."""
    directory = services.run_root / step.place
    for earlier in order.before(step.name):
        folder = directory / earlier
        if folder.exists():
            continue
        with services.catalog.transaction() as connection:
            artifacts = order.artifacts_of(connection, step.number, earlier)
        if not artifacts:
            raise InvalidInputError(
                f"{stage.kind} {step.number} has not done the step {earlier} yet.",
                try_next=f"Clear the task {earlier} of {order.whose} in Airflow.",
            )
        with nullcontext() if stage.lock else step_lock(directory, earlier):
            fetch_folder(services.store, artifacts, folder)


@contextmanager
def _trouble_noted(services: Services, stage: Stage[Number, Report], step: Step[Number]) -> Iterator[None]:
    """Translate the system's errors, keep the words of every error, and end what cannot go on."""
    try:
        with disk_trouble_named(services.run_root):
            yield
    except TransientError as error:
        with suppress(BeamloopError), services.catalog.transaction() as connection:
            stage.note_trouble(connection, step.number, str(error))
        raise
    except (ArtifactDamagedError, ArtifactMissingError) as error:
        outcome = Outcome(OutcomeCode.ARTIFACT_DAMAGED, error.what, step.name)
        with services.catalog.transaction() as connection:
            stage.fail(connection, step.number, outcome)
        raise
