"""What every artifact store does, whatever is behind it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from beamloop.records.artifact import StoredObject
from beamloop.records.leftover import Leftover


class ArtifactStore(Protocol):
    """Write-once objects under keys, each with the SHA-256 of its bytes.

    A key is there whole or not at all, whenever its writer is killed. Where a second writer must not win
    over a first one, the store says so by an error; nothing is retried here, that is the caller's part.

    Every method may raise, beside what it names itself:

    - `StoreUnavailableError`: the store is away, or failed in a way that may pass;
    - `DiskFullError`: a file system or the bucket's quota is full;
    - `InvalidInputError`: a key, a setting or a permission is wrong; names which.

    A store is not to be carried over a `fork`: open one in each process.
    """

    def put(self, key: str, source: Path) -> StoredObject:
        """Store a file.

        Parameters
        ----------
        key
            Where to; see `beamloop.storage.keys` for what is allowed.
        source
            A regular file.

        Returns
        -------
        StoredObject
            The new object, or the one already there when it has the same bytes.

        Raises
        ------
        ArtifactConflictError
            When other bytes stand under the key.
        ArtifactDamagedError
            When what stands under the key has no legible SHA-256.
        """
        ...

    def put_bytes(self, key: str, data: bytes) -> StoredObject:
        """Store something small that is in memory, by the rules of `put`."""
        ...

    def fetch(self, key: str, destination: Path, *, sha256: str) -> None:
        """Copy an object to a file, which appears whole and verified or not at all.

        Parameters
        ----------
        key
            What to fetch.
        destination
            The file to write; one already there is replaced, missing folders are made.
        sha256
            The SHA-256 that the object must have, 64 hexadecimal digits.

        Raises
        ------
        ArtifactMissingError
            When there is no such object.
        ArtifactDamagedError
            When the object, or the SHA-256 kept with it, is not what was asked for.
        """
        ...

    def stream(self, key: str, *, sha256: str) -> Iterator[bytes]:
        """Yield an object's bytes; the last chunk is handed out only when all of them are verified.

        Raises
        ------
        ArtifactMissingError, ArtifactDamagedError
            As `fetch` does, while iterating.
        """
        ...

    def stat(self, key: str) -> StoredObject:
        """Say what is stored under a key, without reading its bytes.

        Raises
        ------
        ArtifactMissingError
            When there is no such object.
        ArtifactDamagedError
            When no legible SHA-256 is kept with it.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose keys start with `prefix`, in order of key.

        S3 needs one request per object for its SHA-256: this is for housekeeping, not for each step.

        Parameters
        ----------
        prefix
            The beginning of a key, whole components or not; empty for everything.

        Raises
        ------
        ArtifactDamagedError
            When an object has no legible SHA-256.
        """
        ...

    def address(self, key: str) -> str:
        """Say where a person finds an object: its path, or "s3://bucket/key"."""
        ...

    def download_url(self, key: str, *, expires_s: int) -> str | None:
        """Sign an address from which anybody can download an object for a while.

        The store is not asked: for a missing object the address answers 404. The download is not verified.

        Parameters
        ----------
        key
            What to download.
        expires_s
            How long the address works, in seconds, from 1 to 604800 (7 days, the limit of S3's signature).

        Returns
        -------
        str or None
            None where the store has no such addresses: use `stream`.

        Raises
        ------
        InvalidInputError
            When the key cannot be one, or the time is out of these bounds.
        """
        ...

    def leftovers(self, before: datetime, *, remove: bool) -> Iterator[Leftover]:
        """Yield what killed writers left, and remove it where asked to; no object is touched.

        Parameters
        ----------
        before
            What has changed at this time or later may be of a writer at work and is left alone; UTC, a day
            ago is safe.
        remove
            False only finds.
        """
        ...

    def check(self) -> None:
        """Prove that the store can be reached and written to; returns when it is ready."""
        ...
