"""A real HTTP receiver and a real mail server on this machine, which keep what they are sent."""

import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Posted:
    """One request that a receiver got."""

    path: str
    headers: dict[str, str]  # by name in lower case
    document: dict[str, Any]


@dataclass
class HttpReceiver:
    """What a receiver got, and how it answers."""

    port: int = 0
    status: int = 200
    location: str = ""  # where it redirects to
    got: list[Posted] = field(default_factory=list)


@contextmanager
def running_http_receiver() -> Iterator[HttpReceiver]:
    """Take POST requests on a free port."""
    state = HttpReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.got.append(Posted(self.path, headers, json.loads(body)))
            self.send_response(state.status)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """What a mail server took."""

    port: int = 0
    got: list[tuple[list[str], EmailMessage]] = field(default_factory=list)  # recipients and message

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Take a message, as aiosmtpd hands it over."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((list(envelope.rcpt_tos), message))
        return "250 taken"


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """Take mail on a free port."""
    # The controller connects to the port that it was given: it cannot be given 0.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        state = MailServer(port=probe.getsockname()[1])
    controller = Controller(state, hostname="127.0.0.1", port=state.port)
    controller.start()
    try:
        yield state
    finally:
        controller.stop()
