"""What an S3 server says of its objects."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from minio import Minio
from minio.error import S3Error

from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import SAFE_NAME
from beamloop.storage.hashing import legible_sha256
from beamloop.storage.s3_client import CONNECTIONS

SHA256_HEADER = "x-amz-meta-sha256"
# Objects asked about before the first of them is handed on; few, so that a short look costs little.
LOOK_AHEAD = 8 * CONNECTIONS


def stat_object(client: Minio, bucket: str, key: str) -> StoredObject:
    """Describe one object.

    Raises
    ------
    ArtifactDamagedError
        When no legible SHA-256 is kept with it.
    minio.error.S3Error
        When there is none, or the server refuses.
    """
    found = client.stat_object(bucket, key)
    return StoredObject(key, kept_sha256(key, found.metadata or {}), found.size or 0, found.last_modified)


def find_object(client: Minio, bucket: str, key: str) -> StoredObject | None:
    """Describe one object, None where there is none; raises as `stat_object` does."""
    try:
        return stat_object(client, bucket, key)
    except S3Error as error:
        if error.code != "NoSuchKey":
            raise
        return None


def listed_objects(client: Minio, bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Describe every object whose key starts with a prefix, in order of key; raises as `stat_object` does.

    A listing itself gives no metadata, so each object is asked about.
    """
    items = client.list_objects(bucket, prefix=prefix, recursive=True)
    keys = (item.object_name for item in items if item.object_name and is_key(item.object_name))
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        while batch := list(islice(keys, LOOK_AHEAD)):
            found = threads.map(lambda key: find_object(client, bucket, key), batch)
            # Somebody may have removed one since the listing.
            yield from (present for present in found if present is not None)


def kept_sha256(key: str, headers: Mapping[str, str]) -> str:
    """Return the SHA-256 in an answer's headers.

    Raises
    ------
    ArtifactDamagedError
        When there is none.
    """
    return legible_sha256(key, headers.get(SHA256_HEADER, ""))


def is_key(name: str) -> bool:
    """Tell an artifact's key from other names in the bucket, such as that of the probe."""
    return all(SAFE_NAME.fullmatch(component) for component in name.split("/"))
