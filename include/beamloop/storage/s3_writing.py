"""Writing once into an S3 bucket, on servers that help and on those that do not."""

import io
from functools import cached_property
from typing import BinaryIO, cast

from minio import Minio
from minio.error import S3Error

from beamloop.records.artifact import StoredObject
from beamloop.settings import StoreSettings
from beamloop.storage.hashing import same_or_conflict
from beamloop.storage.s3_client import make_client
from beamloop.storage.s3_reading import find_object, stat_object
from beamloop.storage.steady_reader import SteadyReader

SMALLEST_PART_BYTES = 5 * 1024**2  # S3's rule
# Swift takes 1000 parts unless told otherwise: 1000 of these are 31 GiB, several times the largest reflection
# table. One part at a time is in memory.
PART_BYTES = 32 * 1024**2
# A name that no key can have. When it is there already, one request answers the question instead of two.
PROBE = ".beamloop/write-once-probe"
# How servers without conditional writes refuse the header; Swift: "NotImplemented".
_WITHOUT_CONDITIONAL_WRITES = {"NotImplemented", "MethodNotAllowed", "InvalidArgument", "InvalidRequest"}


class S3Writer:
    """Writes objects that are never replaced.

    A server that honours `If-None-Match: *` (AWS, MinIO, new Ceph) lets one of several writers win. On one
    that refuses or ignores it (Swift, old Ceph) the store looks before and after each upload: a writer whose
    object is replaced by another's learns of it only when that happens before the second look.

    Parameters
    ----------
    settings
        Endpoint, bucket, keys.
    client
        A client of the same endpoint, for everything but conditional writes.
    part_bytes
        How much one part of a large object holds.
    """

    def __init__(self, settings: StoreSettings, client: Minio, *, part_bytes: int = PART_BYTES) -> None:
        self._bucket = settings.bucket
        self._client = client
        self._write_once_client = make_client(settings, write_once=True)
        self._part_bytes = part_bytes

    def write_whole(self, key: str, data: bytes, sha256: str) -> StoredObject:
        """Write an object in one request.

        Raises
        ------
        ArtifactConflictError, ArtifactDamagedError
            As `ArtifactStore.put` does.
        minio.error.S3Error
            When the server refuses.
        """
        if self._server_refuses_to_replace:
            # One request instead of three: the server looks for us.
            if self._sent_whole(self._write_once_client, key, data, sha256):
                return StoredObject(key, sha256, len(data))
            return same_or_conflict(self._stat(key), sha256, len(data))
        present = find_object(self._client, self._bucket, key)
        if present is None:
            self._sent_whole(self._client, key, data, sha256)
            present = self._stat(key)
        return same_or_conflict(present, sha256, len(data))

    def write_in_parts(self, key: str, source: SteadyReader) -> StoredObject:
        """Write an object in several requests; raises as `write_whole` does.

        A killed writer leaves parts without an object on the server, which nobody sees: the housekeeping
        aborts such uploads, see `ArtifactStore.leftovers`.
        """
        present = find_object(self._client, self._bucket, key)
        if present is None:
            client = self._write_once_client if self._server_refuses_to_replace else self._client
            # The client asks of its source only that it can be read.
            data = cast(BinaryIO, source)
            self._sent(client, key, data, source.size_bytes, source.sha256, self._part_bytes)
            # Some servers answer 200 before they have joined the parts: only the object itself tells.
            present = self._stat(key)
        return same_or_conflict(present, source.sha256, source.size_bytes)

    def prove_writable(self) -> None:
        """Write the probe.

        Raises
        ------
        minio.error.S3Error
            When the server refuses.
        """
        self._sent_whole(self._client, PROBE, b"", "")

    @cached_property
    def _server_refuses_to_replace(self) -> bool:
        try:
            # Sent twice at most: the second time, only a server that ignores the header takes it.
            return not all(self._sent_whole(self._write_once_client, PROBE, b"", "") for _ in range(2))
        except S3Error as error:
            if error.code not in _WITHOUT_CONDITIONAL_WRITES:
                raise
            return False

    def _stat(self, key: str) -> StoredObject:
        return stat_object(self._client, self._bucket, key)

    def _sent_whole(self, client: Minio, key: str, data: bytes, sha256: str) -> bool:
        # One part as large as the object: left to itself the client takes parts of 5 MiB.
        return self._sent(
            client, key, io.BytesIO(data), len(data), sha256, max(len(data), SMALLEST_PART_BYTES)
        )

    def _sent(
        self, client: Minio, key: str, data: BinaryIO, size_bytes: int, sha256: str, part_bytes: int
    ) -> bool:
        try:
            client.put_object(
                self._bucket,
                key,
                data,
                size_bytes,
                metadata={"sha256": sha256},
                part_size=part_bytes,
                # One after the other: with several at once the client sends all parts before it looks whether
                # the first one failed, minutes of time-outs for a large file when the server is away.
                num_parallel_uploads=1,
            )
        except S3Error as error:
            if error.code != "PreconditionFailed":
                raise
            return False
        return True
