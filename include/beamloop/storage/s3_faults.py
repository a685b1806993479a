"""Errors of an S3 server and of the way to it, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLError
from xml.etree.ElementTree import ParseError

import urllib3.exceptions
from minio.error import MinioException, S3Error

from beamloop.errors import (
    BeamloopError,
    DiskFullError,
    InvalidInputError,
    StoreUnavailableError,
)
from beamloop.storage.hashing import missing

# What a person has to correct, by the server's code.
_SETTING_AT_FAULT = {
    "InvalidAccessKeyId": "Correct BEAMLOOP_S3_ACCESS_KEY.",
    "SignatureDoesNotMatch": "Correct BEAMLOOP_S3_SECRET_KEY.",
    "AuthorizationHeaderMalformed": "Correct BEAMLOOP_S3_REGION.",
    "PermanentRedirect": "Correct BEAMLOOP_S3_REGION.",
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "InvalidBucketName": "Correct BEAMLOOP_S3_BUCKET.",
    "NoSuchBucket": "Correct BEAMLOOP_S3_BUCKET, or make the bucket.",
    "BucketAlreadyExists": "Another account owns this bucket: choose another BEAMLOOP_S3_BUCKET.",
    "AccessDenied": "Correct BEAMLOOP_S3_ACCESS_KEY and BEAMLOOP_S3_SECRET_KEY, or give their owner the "
    "right to list, read and write the bucket BEAMLOOP_S3_BUCKET.",
}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
_PASSING = {"RequestTimeout", "SlowDown", "ConditionalRequestConflict", "OperationAborted", "TooManyRequests"}
_WITHOUT_OBJECT = {"NoSuchKey", "NoSuchObject"}


@contextmanager
def s3_faults(endpoint: str, bucket: str, key: str = "") -> Iterator[None]:
    """Translate an error of the minio client or of its connections.

    Parameters
    ----------
    endpoint
        Host and port, for the message.
    bucket, key
        What the block works on, for the message.

    Raises
    ------
    ArtifactMissingError
        When the server knows no such object.
    DiskFullError
        When the server or a quota is full.
    InvalidInputError
        When the server refuses keys, bucket, region or request; names the setting.
    StoreUnavailableError
        For everything else: no connection, time-out, HTTP 5xx, an answer that is not S3's.
    """
    where = f"s3://{bucket}/{key} at {endpoint}"
    try:
        yield
    except S3Error as error:
        raise _refused(error, where) from error
    except urllib3.exceptions.HTTPError as error:
        raise _unreachable(error, where) from error
    except (MinioException, ParseError) as error:
        raise StoreUnavailableError(
            f"What answers for {where} does not answer as an S3 server does: {str(error)[:300]}.",
            try_next="If this persists, check BEAMLOOP_S3_ENDPOINT.",
        ) from error


def _refused(error: S3Error, where: str) -> BeamloopError:
    code = error.code or "no code"
    status = error.response.status
    what = f"{where}: the S3 server answered {code} (HTTP {status}): {error.message}."
    if code in _WITHOUT_OBJECT:
        return missing(where)
    if code in _FULL or status == 507:
        return DiskFullError(what, try_next="Make room in the object store, or raise the bucket's quota.")
    if code in _PASSING or status >= 500 or status == 429:
        return StoreUnavailableError(what, try_next="Look at the S3 server's state and its log.")
    remedy = _SETTING_AT_FAULT.get(code, "Check the BEAMLOOP_S3_... settings and the S3 server's log.")
    return InvalidInputError(what, try_next=remedy)


def _unreachable(error: urllib3.exceptions.HTTPError, where: str) -> BeamloopError:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, (urllib3.exceptions.SSLError, SSLError)):
        return InvalidInputError(
            f"{where}: no trusted TLS connection: {reason}.",
            try_next="Set SSL_CERT_FILE to the certificate of the server's authority, or BEAMLOOP_S3_SECURE "
            "to false for a server without TLS.",
        )
    return StoreUnavailableError(
        f"{where}: the S3 server cannot be reached: {reason}.",
        try_next="Check that it runs and that this machine reaches it; BEAMLOOP_S3_ENDPOINT names it.",
    )
