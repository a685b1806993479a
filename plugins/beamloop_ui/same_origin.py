"""Actions come from our own pages only, though the browser adds Airflow's cookie to every request.

Another site can make a browser send a form or a simple request with the cookie. It can neither add a header
of its own choice nor send JSON without asking first (CORS). Airflow's configuration may allow some sites to
use its REST API so; these pages allow none: the browser itself says where a request comes from.
"""

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import HTTPException, Request, status

ACTION_HEADER = "x-beamloop-action"


def require_own_page(request: Request) -> None:
    """Refuse (403, 415) a request that our own pages did not send.

    A program with a bearer token sends neither `Origin` nor `Sec-Fetch-Site`; it adds the header like the
    pages.

    Raises
    ------
    HTTPException
        When the header is missing, the body is no JSON, or the browser names another origin.
    """
    headers = request.headers
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "An action is sent as JSON.")
    if headers.get(ACTION_HEADER) != "1":
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"An action has the header {ACTION_HEADER}: 1.")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The request comes from another site.")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in _own_hosts(request):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The request comes from another site.")


def _own_hosts(request: Request) -> set[str]:
    # Behind a proxy the address that people use is the configured one.
    return {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc} - {""}
