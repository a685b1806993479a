"""A worker's client of Airflow's API, kept from one task to the next."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytestmark = pytest.mark.dags


class Server(ThreadingHTTPServer):
    """Notes who asks by which connection; to the second request it gives a new token, as Airflow's does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, int]] = []


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((str(self.headers["Authorization"]), self.client_address[1]))
        self.send_response(200)
        if len(self.server.asked) == 2:
            self.send_header("Refreshed-API-Token", "renewed")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def test_the_next_task_asks_by_the_same_connection_with_its_own_token(server: Server) -> None:
    from airflow.sdk.execution_time import supervisor

    from kept_client import kept_client

    ensure = kept_client(supervisor._ensure_client)
    address = f"http://127.0.0.1:{server.server_port}"
    for token, requests in (("first", 3), ("second", 1)):
        with ensure(address, token) as client:
            for _ in range(requests):
                client.get("health")
    assert [who for who, _ in server.asked] == [
        f"Bearer {t}" for t in ("first", "first", "renewed", "second")
    ]
    assert len({port for _, port in server.asked}) == 1


def test_a_client_that_is_given_or_of_no_server_is_left_to_airflow() -> None:
    from kept_client import kept_client

    asked: list[Any] = []

    def ensure(*words: Any, **details: Any) -> Any:
        asked.append((words, details))
        return nullcontext("of Airflow")

    given: Any = object()
    with kept_client(ensure)("http://somewhere", "token", client=given) as first:
        assert first == "of Airflow"
    with kept_client(ensure)(None, "", dry_run=True) as second:
        assert second == "of Airflow"
    assert asked == [
        (("http://somewhere", "token"), {"client": given, "dry_run": False}),
        ((None, ""), {"client": None, "dry_run": True}),
    ]
