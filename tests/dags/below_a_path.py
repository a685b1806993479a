"""Airflow's app as a proxy shows it below a path: `python -m tests.dags.below_a_path PORT PATH`.

In a process of its own: Airflow reads the address that it is served at when it is imported. What is asked for
outside of the path goes nowhere, as with a proxy that has others beside it.
"""

import os
import sys

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"


class Below:
    """Passes on what is asked for below a path, as it stands."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not str(scope["path"]).startswith(f"{self._path}/"):
            await PlainTextResponse("somebody else's", 404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def main(port: str, path: str) -> None:
    """Serve until interrupted."""
    os.environ["AIRFLOW__API__BASE_URL"] = f"http://{HOST}:{port}{path}"
    from airflow.api_fastapi.app import create_app

    uvicorn.run(Below(create_app(apps="core"), path), host=HOST, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
