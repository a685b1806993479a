"""What killed writers leave in a bucket: uploads in parts that nobody completed."""

from collections.abc import Iterator
from datetime import datetime

from minio import Minio
from minio.datatypes import ListMultipartUploadsResult, Upload
from minio.error import S3Error

from beamloop.records.leftover import Leftover
from beamloop.storage.s3_reading import is_key


def s3_leftovers(client: Minio, bucket: str, before: datetime, *, remove: bool) -> Iterator[Leftover]:
    """Find, and abort, incomplete uploads of artifacts that were begun before a time.

    The minio client has no public method for them; the private ones are S3's own requests.

    Parameters
    ----------
    client, bucket
        Where.
    before
        A later upload may be at work.
    remove
        False only finds.

    Raises
    ------
    minio.error.S3Error
        When the server refuses.
    """
    for upload in list(_uploads(client, bucket)):
        name, upload_id, since = upload.object_name or "", upload.upload_id or "", upload.initiated_time
        if not is_key(name) or since is None or since >= before:
            continue
        try:
            parts = client._list_parts(bucket, name, upload_id).parts  # noqa: SLF001
            if remove:
                client._abort_multipart_upload(bucket, name, upload_id)  # noqa: SLF001
        except S3Error as error:
            # Completed or aborted by somebody else in between.
            if error.code != "NoSuchUpload":
                raise
            continue
        yield Leftover(f"incomplete upload of {name}", sum(part.size or 0 for part in parts), since)


def _uploads(client: Minio, bucket: str) -> Iterator[Upload]:
    """Yield every incomplete upload of a bucket.

    Asked in S3's own words: the client's method sends an empty delimiter, for which Swift lists nothing, and
    loses the marker of the next page.
    """
    query: dict[str, str | list[str] | tuple[str]] = {"uploads": ""}
    while True:
        answer = client._execute("GET", bucket, query_params=query)  # noqa: SLF001
        page = ListMultipartUploadsResult(answer)
        yield from page.uploads
        if not page.is_truncated or not page.uploads:
            return
        last = page.uploads[-1]
        query |= {"key-marker": last.object_name, "upload-id-marker": last.upload_id or ""}
