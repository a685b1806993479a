"""JSON for the pages' scripts; a page that polls gets a body only when something has changed."""

import hashlib
import json
from datetime import datetime
from pathlib import PurePath
from typing import Any

from fastapi import Request, status
from starlette.responses import Response


def answer(request: Request, document: Any) -> Response:
    """Return a document, or 304 where the browser has it already.

    The document must not hold the present time: the `Date` header tells the server's.
    """
    body = json.dumps(document, default=_plain, separators=(",", ":")).encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    # Kept by the page's script, asked about each time, never shared.
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if etag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
