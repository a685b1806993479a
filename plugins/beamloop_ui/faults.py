"""What a person reads when a request cannot be answered: a page for pages, JSON for everything else."""

import logging

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from beamloop.errors import BeamloopError, InvalidInputError, NotFoundError, TransientError
from beamloop_ui.rendering import render

log = logging.getLogger(__name__)

WORDS = {
    status.HTTP_401_UNAUTHORIZED: ("You are not logged in.", "Log in to Airflow."),
    status.HTTP_403_FORBIDDEN: (
        "You may not do this.",
        "Ask whoever looks after Airflow: seeing takes the right to see process_collection, acting the right "
        "to start its runs.",
    ),
    status.HTTP_404_NOT_FOUND: ("There is no such page.", "Start from Now."),
}


def add_fault_handlers(app: FastAPI) -> None:
    """Let the app answer faults in Beamloop's words."""
    app.add_exception_handler(HTTPException, _on_http_fault)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(BeamloopError, _on_beamloop_error)
    app.add_exception_handler(Exception, _on_bug)


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


async def _on_http_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # the type that the handler is registered for
    if error.status_code == status.HTTP_401_UNAUTHORIZED and _wants_page(request):
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        login = get_auth_manager().get_url_login(next_url=address)
        return RedirectResponse(login, status.HTTP_303_SEE_OTHER)
    what, try_next = WORDS.get(error.status_code, (str(error.detail), ""))
    return _answer(request, error.status_code, what, str(error.detail), try_next)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
    if _wants_page(request):
        return _answer(request, status.HTTP_404_NOT_FOUND, *_no_such_page(faults))
    return _answer(
        request, status.HTTP_422_UNPROCESSABLE_CONTENT, "The request cannot be understood.", faults, ""
    )


def _no_such_page(faults: str) -> tuple[str, str, str]:
    what, try_next = WORDS[status.HTTP_404_NOT_FOUND]
    return what, faults, try_next


async def _on_beamloop_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BeamloopError)  # noqa: S101
    return _answer(request, _status_of(error), error.what, error.evidence, error.try_next)


def _status_of(error: BeamloopError) -> int:
    if isinstance(error, NotFoundError):
        return status.HTTP_404_NOT_FOUND
    if isinstance(error, InvalidInputError):
        return status.HTTP_422_UNPROCESSABLE_CONTENT
    if isinstance(error, TransientError):
        return status.HTTP_503_SERVICE_UNAVAILABLE
    return status.HTTP_500_INTERNAL_SERVER_ERROR


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(
        request, status.HTTP_500_INTERNAL_SERVER_ERROR, "This page has a fault.", type(error).__name__,
        "The log of Airflow's api-server has the details; please report them.",
    )  # fmt: skip


def _answer(request: Request, code: int, what: str, evidence: str, try_next: str) -> Response:
    document = {"what": what, "evidence": evidence, "try_next": try_next}
    if _wants_page(request):
        comes_back = code == status.HTTP_503_SERVICE_UNAVAILABLE
        return render(
            request, "error.html", "Not shown", status_code=code, fault=document, comes_back=comes_back
        )
    return JSONResponse(document, code)
