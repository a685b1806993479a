"""The FastAPI app of the pages, as Airflow's api-server mounts it under `/beamloop`."""

from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from beamloop_ui.access import may_see
from beamloop_ui.faults import add_fault_handlers
from beamloop_ui.pages import ROUTERS
from beamloop_ui.rendering import STATIC, static_version
from beamloop_ui.security_headers import SecurityHeaders


class LastingFiles(StaticFiles):
    """Files whose address changes with their content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Let browsers keep a file for good."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def make_app() -> FastAPI:
    """Return the app. Every route of it asks for the right to see; a router of actions asks for more."""
    # Its own description would be a page without a login, with scripts of another host.
    app = FastAPI(title="Beamloop", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[may_see()])
    app.add_middleware(SecurityHeaders)
    add_fault_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    # Public, as everything mounted is: scripts and styles, the same for everybody.
    app.mount(f"/static/{static_version()}", LastingFiles(directory=STATIC), name="static")
    return app
