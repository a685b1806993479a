"""Artifacts in a bucket of an S3 server, through the minio client."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from pathlib import Path

from minio import Minio
from minio.error import S3Error

from beamloop.errors import InvalidInputError
from beamloop.records.artifact import StoredObject
from beamloop.records.leftover import Leftover
from beamloop.settings import StoreSettings
from beamloop.storage.files import land
from beamloop.storage.hashing import CHUNK_BYTES, file_sha256, opened_source, require_sha256, verified
from beamloop.storage.keys import key_components, prefix_components
from beamloop.storage.s3_client import make_client
from beamloop.storage.s3_faults import s3_faults
from beamloop.storage.s3_leftovers import s3_leftovers
from beamloop.storage.s3_reading import kept_sha256, listed_objects, stat_object
from beamloop.storage.s3_writing import PART_BYTES, S3Writer
from beamloop.storage.steady_reader import SteadyReader

# Up to here a file goes in one request, from memory; above, in parts that are read one at a time.
LARGEST_WHOLE_BYTES = 64 * 1024**2
LONGEST_URL_S = 7 * 24 * 3600


def open_s3_store(settings: StoreSettings) -> "S3Store":
    """Open a bucket; it is made when missing.

    Raises
    ------
    InvalidInputError
        When endpoint, bucket, keys or region are wrong, or the bucket may not be made.
    StoreUnavailableError
        When the server does not answer.
    """
    client = make_client(settings, write_once=False)
    with s3_faults(settings.endpoint, settings.bucket):
        try:
            present = client.bucket_exists(settings.bucket)
        except ValueError as error:
            raise InvalidInputError(
                f"{settings.bucket!r} cannot be the name of a bucket: {error}.",
                try_next="Set BEAMLOOP_S3_BUCKET to 3 to 63 lower-case letters, digits and hyphens.",
            ) from error
        if not present:
            _make_bucket(client, settings.bucket)
    return S3Store(settings)


class S3Store:
    """The `ArtifactStore` in a bucket that exists; several threads may share one.

    Parameters
    ----------
    settings
        Endpoint, bucket, keys.
    largest_whole_bytes
        Larger files go in parts.
    part_bytes
        How much one part holds, at least 5 MiB.
    """

    def __init__(
        self,
        settings: StoreSettings,
        *,
        largest_whole_bytes: int = LARGEST_WHOLE_BYTES,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._settings = settings
        self._largest_whole_bytes = largest_whole_bytes
        self._client = make_client(settings, write_once=False)
        self._writer = S3Writer(settings, self._client, part_bytes=part_bytes)

    def put(self, key: str, source: Path) -> StoredObject:
        """Store a file; see `ArtifactStore.put`."""
        key_components(key)
        with opened_source(source) as file:
            # One byte more than allowed tells a larger file, also when it has grown since somebody looked.
            start = file.read(self._largest_whole_bytes + 1)
        if len(start) <= self._largest_whole_bytes:
            return self.put_bytes(key, start)
        del start
        return self._put_in_parts(key, source)

    def put_bytes(self, key: str, data: bytes) -> StoredObject:
        """Store bytes; see `ArtifactStore.put_bytes`."""
        key_components(key)
        with self._faults(key):
            return self._writer.write_whole(key, data, hashlib.sha256(data).hexdigest())

    def fetch(self, key: str, destination: Path, *, sha256: str) -> None:
        """Copy an object to a file; see `ArtifactStore.fetch`."""
        with closing(self.stream(key, sha256=sha256)) as chunks:
            land(chunks, destination)

    def stream(self, key: str, *, sha256: str) -> Generator[bytes, None, None]:
        """Yield verified bytes; see `ArtifactStore.stream`."""
        key_components(key)
        with self._faults(key):
            with closing(self._client.get_object(self._settings.bucket, key)) as response:
                kept = kept_sha256(key, response.headers)
                require_sha256(key, expected=sha256, found=kept, where="its metadata")
                yield from verified(response.stream(CHUNK_BYTES), key, sha256)
                # Read to its end, the connection serves the next request.
                response.release_conn()

    def stat(self, key: str) -> StoredObject:
        """Say what is stored; see `ArtifactStore.stat`."""
        key_components(key)
        with self._faults(key):
            return stat_object(self._client, self._settings.bucket, key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield objects in order of key; see `ArtifactStore.list`."""
        prefix_components(prefix)
        with self._faults(prefix):
            yield from listed_objects(self._client, self._settings.bucket, prefix)

    def address(self, key: str) -> str:
        """Name bucket and key; see `ArtifactStore.address`."""
        return "/".join(("s3:/", self._settings.bucket, *key_components(key)))

    def download_url(self, key: str, *, expires_s: int) -> str | None:
        """Sign an address; see `ArtifactStore.download_url`."""
        key_components(key)
        if not 1 <= expires_s <= LONGEST_URL_S:
            raise InvalidInputError(
                f"A download address cannot be valid for {expires_s} s.",
                try_next=f"Ask for 1 to {LONGEST_URL_S} s.",
            )
        return self._client.presigned_get_object(
            self._settings.bucket, key, expires=timedelta(seconds=expires_s)
        )

    def leftovers(self, before: datetime, *, remove: bool) -> Iterator[Leftover]:
        """Find or abort incomplete uploads; see `ArtifactStore.leftovers`."""
        with self._faults():
            yield from s3_leftovers(self._client, self._settings.bucket, before, remove=remove)

    def check(self) -> None:
        """Write a probe into the bucket; see `ArtifactStore.check`."""
        with self._faults():
            self._writer.prove_writable()

    def _put_in_parts(self, key: str, source: Path) -> StoredObject:
        sha256 = file_sha256(source)
        with opened_source(source) as file, self._faults(key):
            return self._writer.write_in_parts(key, SteadyReader(file, source, sha256))

    def _faults(self, key: str = "") -> AbstractContextManager[None]:
        return s3_faults(self._settings.endpoint, self._settings.bucket, key)


def _make_bucket(client: Minio, bucket: str) -> None:
    try:
        client.make_bucket(bucket)
    except S3Error as error:
        # Another process has just made it.
        if error.code != "BucketAlreadyOwnedByYou":
            raise
