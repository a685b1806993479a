"""Files from the store become a folder of this machine, whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from beamloop.records.artifact import StoredObject
from beamloop.step_folders.folders import fresh_staging, settle
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.step_files import fetch_step_files


def fetch_folder(store: ArtifactStore, artifacts: Mapping[str, StoredObject], folder: Path) -> None:
    """Fetch files into a new folder.

    Parameters
    ----------
    store
        The store.
    artifacts
        By name below the folder, e.g. "split/split_0.expt".
    folder
        Not there yet; the directory above it is.

    Raises
    ------
    ArtifactDamagedError, ArtifactMissingError
        When the store does not have the bytes that the catalogue vouches for.
    TransientError
        When the store is away.
    """
    staging = fresh_staging(folder.parent, folder.name)
    fetch_step_files(store, artifacts, staging)
    settle(staging, folder)
