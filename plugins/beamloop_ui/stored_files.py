"""Files of the artifact store, for people: verified while they are sent, never trusted by the browser."""

import mimetypes
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from beamloop.errors import InvalidInputError
from beamloop.records.artifact import StoredObject
from beamloop_ui.health import store
from beamloop_ui.security_headers import FILE_POLICY

TEXT_SUFFIXES = (".log", ".out", ".txt", ".json", ".expt", ".sh", ".csv", ".phil", ".yaml", ".dat")
SHOWN_TYPES = ("text/html", "image/png", "image/svg+xml", "application/pdf")
# A browser that shows hundreds of megabytes of text stands still.
LARGEST_SHOWN_BYTES = 20_000_000


def send_stored(stored: StoredObject, name: str, *, show: bool = False) -> Response:
    """Stream a file of the store.

    The store hands the last piece out only when all of them have the SHA-256 of the catalogue: a damaged file
    ends early, against its announced length, and the browser reports a failed download.

    Parameters
    ----------
    stored
        The file, as the catalogue knows it.
    name
        What the browser calls it.
    show
        Show it instead of saving it, where that is safe; scripts in it do not run.
    """
    headers = {
        "content-length": str(stored.size_bytes),
        "content-security-policy": FILE_POLICY,
        "cache-control": "private, no-cache",
    }
    kind = _shown_type(name) if show and stored.size_bytes <= LARGEST_SHOWN_BYTES else None
    if kind is None:
        plain_name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
        headers["content-disposition"] = (
            f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(name, safe='')}"
        )
    pieces = store().stream(stored.key, sha256=stored.sha256)
    # The first piece is asked for here: a store that is away, or has no such file, is an answer of its own.
    first = next(pieces, b"")
    return StreamingResponse(
        _chain(first, pieces), headers=headers, media_type=kind or "application/octet-stream"
    )


def _chain(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _shown_type(name: str) -> str | None:
    if PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES:
        return "text/plain; charset=utf-8"
    guessed = mimetypes.guess_type(name)[0]
    return guessed if guessed in SHOWN_TYPES else None


def read_text(stored: StoredObject) -> str:
    """Return a text file of the store.

    Raises
    ------
    InvalidInputError
        When it is too long to be searched.
    ArtifactMissingError, ArtifactDamagedError, StoreUnavailableError
        As the store says.
    """
    if stored.size_bytes > LARGEST_SHOWN_BYTES:
        raise InvalidInputError("The file is too long to be searched here.", try_next="Download it.")
    return b"".join(store().stream(stored.key, sha256=stored.sha256)).decode("utf-8", "replace")
