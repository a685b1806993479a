"""The objects below a folder of a local store, in the order that S3 gives them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from beamloop.errors import ArtifactMissingError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import SAFE_NAME
from beamloop.storage.local_objects import object_in
from beamloop.storage.local_tree import opened_folder


def listed_objects(root: Path, folders: Sequence[str], prefix: str) -> Iterator[StoredObject]:
    """Yield the objects below a folder whose keys start with a prefix.

    Parameters
    ----------
    root
        The store's directory.
    folders
        The folder's components.
    prefix
        What the keys start with.

    Raises
    ------
    ArtifactDamagedError
        When an object has no legible SHA-256.
    """
    for name, is_folder in _entries(root, folders):
        components = [*folders, name]
        key = "/".join(components)
        if is_folder and f"{key}/".startswith(prefix[: len(key) + 1]):
            yield from listed_objects(root, components, prefix)
        elif not is_folder and key.startswith(prefix):
            yield from _described(root, folders, name, key)


def _described(root: Path, folders: Sequence[str], name: str, key: str) -> Iterator[StoredObject]:
    # Somebody may have removed the object since its folder was read.
    with suppress(ArtifactMissingError), opened_folder(root, folders, key, create=False) as folder:
        yield object_in(folder, name, key)


def _entries(root: Path, folders: Sequence[str]) -> list[tuple[str, bool]]:
    names: list[tuple[str, bool]] = []
    # A folder that nobody has made yet holds nothing.
    with (
        suppress(ArtifactMissingError),
        opened_folder(root, folders, "/".join(folders), create=False) as folder,
        os.scandir(folder) as entries,
    ):
        names = [
            (entry.name, entry.is_dir(follow_symlinks=False))
            for entry in entries
            if SAFE_NAME.fullmatch(entry.name)
        ]
    # S3 orders whole keys: "a.b" before "a/c", because "." comes before "/".
    return sorted(names, key=lambda entry: entry[0] + "/" * entry[1])
