"""Airflow's app behind a port, for browsers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

HOST = "127.0.0.1"
ENDS_WITHIN_S = 20


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a free port; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(ENDS_WITHIN_S)
