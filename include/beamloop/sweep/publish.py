"""A finished step's files go to the store, then its facts to the catalogue."""

from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.runs import artifacts_of_step, record_step
from beamloop.records.run import Run, StepReport
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.step_files import fetch_step_files, put_step_file


def publish(catalog: Catalog, store: ArtifactStore, run: Run, folder: Path, report: StepReport) -> None:
    """Upload every file of a step, then record the step in one transaction.

    A task may be killed anywhere in here: uploads are repeated without effect, and the catalogue takes
    the step whole or not at all.

    Raises
    ------
    TransientError
        When store or database are away.
    """
    stored = [
        put_step_file(store, f"{run.place}/{report.step}/{name}", folder / name)
        for name in report.artifact_names
    ]
    with catalog.transaction() as connection:
        record_step(connection, run.run_id, report, stored)


def restore(catalog: Catalog, store: ArtifactStore, run: Run, step: str, staging: Path) -> bool:
    """Fetch a recorded step's files from the store, where its folder is not on this machine.

    Returns
    -------
    bool
        Whether the catalogue has such a step.

    Raises
    ------
    ArtifactDamagedError, ArtifactMissingError
        When the store does not have the bytes that the catalogue vouches for.
    TransientError
        When store or database are away.
    """
    with catalog.transaction() as connection:
        artifacts = artifacts_of_step(connection, run.run_id, step)
    fetch_step_files(store, artifacts, staging)
    return bool(artifacts)
