"""Files of a step in the store: put there however often it is tried, and fetched with their hashes."""

from collections.abc import Mapping
from pathlib import Path

from beamloop.errors import ArtifactConflictError
from beamloop.records.artifact import StoredObject
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.hashing import file_sha256


def put_step_file(store: ArtifactStore, key: str, path: Path) -> StoredObject:
    """Store a file under its key, or beside it where a lost predecessor wrote other bytes there.

    Raises
    ------
    TransientError
        When the store is away.
    """
    try:
        return store.put(key, path)
    except ArtifactConflictError:
        # A predecessor on another machine uploaded this file and was lost before it could record it. What
        # the catalogue does not know is nobody's: no reader asks for it; this file goes beside it.
        return store.put(f"{key}.{file_sha256(path)[:12]}", path)


def fetch_step_files(store: ArtifactStore, artifacts: Mapping[str, StoredObject], folder: Path) -> None:
    """Fetch a step's files into a folder.

    Parameters
    ----------
    store
        The store.
    artifacts
        By name below the folder, e.g. "split/split_0.expt".
    folder
        Where to.

    Raises
    ------
    ArtifactDamagedError, ArtifactMissingError
        When the store does not have the bytes that the catalogue vouches for.
    TransientError
        When the store is away.
    """
    for name, stored in artifacts.items():
        destination = folder / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        store.fetch(stored.key, destination, sha256=stored.sha256)
