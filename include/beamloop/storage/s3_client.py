"""The minio client as the store uses it: short time limits, no retries, writes that never replace."""

import re
from typing import Any

import urllib3
from minio import Minio

from beamloop.errors import InvalidInputError
from beamloop.settings import StoreSettings

# The client's own default waits 5 minutes for each of 6 attempts: a store that is away would hold a task
# for half an hour. A server in the same building accepts a connection in milliseconds.
CONNECT_LIMIT_S = 3.0
# Silence between two packets. A server may verify a whole multipart upload before it answers.
SILENCE_LIMIT_S = 20.0
# "minio:9000", "s3.example.org", "[::1]:9000"; the client itself lets a space through.
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.:\[\]-]+")
# Requests of one listing that are under way together.
CONNECTIONS = 8


class WriteOncePool(urllib3.PoolManager):
    """Connections whose uploads carry `If-None-Match: *`: the server must refuse to replace an object.

    The minio client has no argument for this header. The signature does not need to cover it.
    """

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **arguments: Any
    ) -> urllib3.BaseHTTPResponse:
        """Send one request."""
        completes_parts = method == "POST" and "uploadId=" in url
        writes_whole = method == "PUT" and "uploadId=" not in url
        if writes_whole or completes_parts:
            arguments["headers"]["If-None-Match"] = "*"
        return super().urlopen(method, url, redirect, **arguments)


def make_client(settings: StoreSettings, *, write_once: bool) -> Minio:
    """Make a client of the endpoint in the settings; nothing is sent yet.

    Parameters
    ----------
    settings
        Endpoint, keys, region, TLS.
    write_once
        Whether every upload asks the server not to replace an object.

    Raises
    ------
    InvalidInputError
        When endpoint or bucket cannot be a name of one.
    """
    pool = WriteOncePool if write_once else urllib3.PoolManager
    try:
        if not _HOST_AND_PORT.fullmatch(settings.endpoint):
            raise ValueError("it is not host:port")
        return Minio(
            settings.endpoint,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            secure=settings.secure,
            # Without a region the client asks the server for the bucket's before each first request.
            region=settings.region,
            http_client=pool(
                timeout=urllib3.Timeout(connect=CONNECT_LIMIT_S, read=SILENCE_LIMIT_S),
                retries=urllib3.Retry(total=0, raise_on_redirect=False),
                maxsize=CONNECTIONS,
                # The system's certificates and SSL_CERT_FILE count: a facility signs with its own authority.
                cert_reqs="CERT_REQUIRED",
            ),
        )
    except ValueError as error:
        raise InvalidInputError(
            f"{settings.endpoint!r} cannot be the endpoint of an S3 server: {error}.",
            try_next="Set BEAMLOOP_S3_ENDPOINT to host:port, without http:// and without a path.",
        ) from error
