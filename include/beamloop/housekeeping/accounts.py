"""Whether everything in a run's directory is safely kept elsewhere."""

import hashlib
import os
import re
from collections.abc import Mapping

from beamloop.errors import PermanentError
from beamloop.housekeeping.trees import Entry, entries_below
from beamloop.records.artifact import StoredObject
from beamloop.records.parameters import STEPS
from beamloop.records.plain_text import plain
from beamloop.storage.contract import ArtifactStore

CHUNK_BYTES = 1024**2
LOCK = re.compile(rf"\.({'|'.join(STEPS)})\.lock")
STAGING = re.compile(rf"\.staging-({'|'.join(STEPS)})")
# Links with plain names to images whose own names DIALS cannot parse, see the step import.
IMAGE_LINKS = "images"


def why_not_accounted_for(
    folder: int, artifacts: Mapping[str, StoredObject], store: ArtifactStore
) -> str | None:
    """Say what stands against the removal of an ended run's directory, None when nothing does.

    Every file in it must be an artifact of the run, the same to the byte, and the store must have the same
    bytes: they are read, not only looked up, because the copy on this disk may be the last good one. Locks,
    staging folders and links to images are Beamloop's own and hold nothing of value.

    Parameters
    ----------
    folder
        Descriptor of the run's directory.
    artifacts
        The run's artifacts by their path in it.
    store
        Where they are kept.

    Raises
    ------
    TransientError
        When the store is away.
    """
    for entry in entries_below(folder):
        if _is_our_own(entry):
            continue
        known = artifacts.get(entry.path)
        if known is None or not entry.is_file:
            return f"{plain(entry.path)} is no artifact of it"
        if entry.size_bytes != known.size_bytes or _sha256(folder, entry.path) != known.sha256:
            return f"{plain(entry.path)} is not what was stored"
    return _why_not_stored(artifacts, store)


def _is_our_own(entry: Entry) -> bool:
    first, *rest = entry.path.split("/")
    if not rest:
        return entry.is_file and bool(LOCK.fullmatch(first))
    return bool(STAGING.fullmatch(first)) or (first == IMAGE_LINKS and entry.is_link)


def _sha256(folder: int, path: str) -> str:
    *above, name = path.split("/")
    descriptors = [folder]
    try:
        for component in above:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptors.append(os.open(component, flags, dir_fd=descriptors[-1]))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(name, flags, dir_fd=descriptors[-1]), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        for descriptor in descriptors[1:]:
            os.close(descriptor)


def _why_not_stored(artifacts: Mapping[str, StoredObject], store: ArtifactStore) -> str | None:
    for stored in artifacts.values():
        try:
            for _ in store.stream(stored.key, sha256=stored.sha256):
                pass
        except PermanentError as error:
            return error.what
    return None
