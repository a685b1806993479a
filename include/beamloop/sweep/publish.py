"""A finished step's files go to the store, then its facts to the catalogue."""

from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.runs import artifacts_of_step, record_step
from beamloop.errors import ArtifactConflictError
from beamloop.records.artifact import StoredObject
from beamloop.records.run import Run, StepReport
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.hashing import file_sha256


def publish(catalog: Catalog, store: ArtifactStore, run: Run, folder: Path, report: StepReport) -> None:
    """Upload every file of a step, then record the step in one transaction.

    A task may be killed anywhere in here: uploads are repeated without effect, and the catalogue takes
    the step whole or not at all.

    Raises
    ------
    TransientError
        When store or database are away.
    """
    stored = [_upload(store, run, folder, report.step, name) for name in report.artifact_names]
    with catalog.transaction() as connection:
        record_step(connection, run.run_id, report, stored)


def _upload(store: ArtifactStore, run: Run, folder: Path, step: str, name: str) -> StoredObject:
    key = f"{run.place}/{step}/{name}"
    try:
        return store.put(key, folder / name)
    except ArtifactConflictError:
        # A predecessor on another machine uploaded this file and was lost before it could record it. What
        # the catalogue does not know is nobody's: the housekeeping removes it; this file goes beside it.
        digest = file_sha256(folder / name)
        return store.put(f"{key}.{digest[:12]}", folder / name)


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
    for name, stored in artifacts.items():
        destination = staging / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        store.fetch(stored.key, destination, sha256=stored.sha256)
    return bool(artifacts)
