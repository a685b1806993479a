"""Artifacts in a local directory.

The key "run-17/index/indexed.expt" is a symbolic link in `run-17/index`, to the data in the same folder::

    indexed.expt -> .indexed.expt.<SHA-256>

The link is the commit. The system makes it at once and never over another name, so of two writers one
wins, and whoever is killed leaves either the whole object with its SHA-256 or hidden files that nobody
looks at. A person and a DIALS program open `indexed.expt` like any file.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path

from beamloop.records.artifact import StoredObject
from beamloop.records.leftover import Leftover
from beamloop.storage.files import land
from beamloop.storage.hashing import CHUNK_BYTES, file_chunks, require_sha256, verified
from beamloop.storage.keys import key_components, prefix_components
from beamloop.storage.local_leftovers import local_leftovers
from beamloop.storage.local_listing import listed_objects
from beamloop.storage.local_objects import object_in, open_data, prove_writable, write_object
from beamloop.storage.local_tree import opened_folder
from beamloop.storage.os_faults import os_faults


class LocalStore:
    """The `ArtifactStore` in a directory of a file system that has symbolic links.

    As with files, the key of an object cannot also be the folder of other keys.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory.absolute()
        with self._faults("making"):
            self._root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, source: Path) -> StoredObject:
        """Store a file; see `ArtifactStore.put`."""
        with closing(file_chunks(source)) as chunks:
            return self._put(key, chunks)

    def put_bytes(self, key: str, data: bytes) -> StoredObject:
        """Store bytes; see `ArtifactStore.put_bytes`."""
        return self._put(key, (data,))

    def fetch(self, key: str, destination: Path, *, sha256: str) -> None:
        """Copy an object to a file; see `ArtifactStore.fetch`."""
        with closing(self.stream(key, sha256=sha256)) as chunks:
            land(chunks, destination)

    def stream(self, key: str, *, sha256: str) -> Generator[bytes, None, None]:
        """Yield verified bytes; see `ArtifactStore.stream`."""
        with self._opened(key, "reading", create=False) as (folder, name):
            present = object_in(folder, name, key)
            require_sha256(key, expected=sha256, found=present.sha256, where="its records")
            with open_data(folder, name, present) as file:
                yield from verified(iter(lambda: file.read(CHUNK_BYTES), b""), key, sha256)

    def stat(self, key: str) -> StoredObject:
        """Say what is stored; see `ArtifactStore.stat`."""
        with self._opened(key, "reading", create=False) as (folder, name):
            return object_in(folder, name, key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield objects in order of key; see `ArtifactStore.list`."""
        folders = prefix_components(prefix)
        with self._faults("listing"):
            yield from listed_objects(self._root, folders, prefix)

    def address(self, key: str) -> str:
        """Return the path that opens like any file; see `ArtifactStore.address`."""
        return str(self._root.joinpath(*key_components(key)))

    def download_url(self, key: str, *, expires_s: int) -> str | None:
        """Return None: a directory has no addresses."""
        key_components(key)
        return None

    def leftovers(self, before: datetime, *, remove: bool) -> Iterator[Leftover]:
        """Find or remove hidden files of killed writers; see `ArtifactStore.leftovers`."""
        with self._faults("clearing"):
            yield from local_leftovers(self._root, before, remove=remove)

    def check(self) -> None:
        """Write and remove a probe; see `ArtifactStore.check`."""
        with self._faults("writing to"), opened_folder(self._root, (), "", create=False) as folder:
            prove_writable(folder)

    def _put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        with self._opened(key, "writing to", create=True) as (folder, name):
            return write_object(folder, name, key, chunks)

    @contextmanager
    def _opened(self, key: str, doing: str, *, create: bool) -> Iterator[tuple[int, str]]:
        *folders, name = key_components(key)
        with self._faults(doing), opened_folder(self._root, folders, key, create=create) as folder:
            yield folder, name

    def _faults(self, doing: str) -> AbstractContextManager[None]:
        return os_faults(
            f"{doing} the artifact directory {self._root}",
            remedy="Give this user the right to write there, or set BEAMLOOP_ARTIFACTS to a directory of "
            "a local or network file system with symbolic links.",
        )
