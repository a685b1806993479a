"""A few requests of S3 in memory, with a choice of how `If-None-Match: *` is treated and of how it fails.

It stands for what no package of Debian offers: a server that honours conditional writes (AWS, MinIO), one
that ignores them (old Ceph), and one that fails in a chosen way. It does not check signatures.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from beamloop.settings import StoreSettings


@dataclass
class PlainS3:
    """What the server holds and how it behaves."""

    honours_conditions: bool = True
    failing_status: int = 0  # 503: every request for an object is answered so
    cuts_downloads: bool = False  # closes the connection in the middle of a body
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # path: bytes and SHA-256
    parts: dict[int, bytes] = field(default_factory=dict)
    part_sha256: str = ""
    requests: list[str] = field(default_factory=list)  # "PUT /bucket/key"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, path: str, data: bytes, sha256: str, condition: str | None) -> int:
        """Write an object and return the HTTP status."""
        with self.lock:
            if condition == "*" and self.honours_conditions and path in self.objects:
                return 412
            self.objects[path] = (data, sha256)
            return 200


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    state: PlainS3

    def do_HEAD(self) -> None:
        path = self.path_of_object()
        if path.count("/") == 1:
            self.answer(200)
        elif path in self.state.objects:
            data, sha256 = self.state.objects[path]
            self.answer(200, length=len(data), headers={"x-amz-meta-sha256": sha256})
        else:
            self.answer(404)

    def do_GET(self) -> None:
        data, sha256 = self.state.objects[self.path_of_object()]
        self.answer(200, length=len(data), headers={"x-amz-meta-sha256": sha256})
        self.wfile.write(data[: len(data) // 2] if self.state.cuts_downloads else data)
        self.close_connection = self.state.cuts_downloads

    def do_PUT(self) -> None:
        data = self.body()
        query = self.query()
        if "partNumber" in query:
            self.state.parts[int(query["partNumber"][0])] = data
            self.answer(200)
            return
        self.finish_write(data, self.headers.get("x-amz-meta-sha256", ""), b"")

    def do_POST(self) -> None:
        self.body()
        if "uploads" in self.query():
            self.state.part_sha256 = self.headers.get("x-amz-meta-sha256", "")
            self.answer(200, body=b"<R><UploadId>1</UploadId></R>")
            return
        data = b"".join(self.state.parts[number] for number in sorted(self.state.parts))
        self.finish_write(data, self.state.part_sha256, b"<R></R>")

    def do_DELETE(self) -> None:
        self.path_of_object()
        self.answer(204)

    def finish_write(self, data: bytes, sha256: str, body: bytes) -> None:
        status = self.state.write(self.path_of_object(), data, sha256, self.headers.get("If-None-Match"))
        if self.state.failing_status:
            status = self.state.failing_status
        codes = {412: "PreconditionFailed", 503: "SlowDown", 507: "XMinioStorageFull", 500: "InternalError"}
        error = f"<Error><Code>{codes.get(status)}</Code><Message>as asked</Message></Error>"
        self.answer(status, body=body if status == 200 else error.encode())

    def answer(
        self, status: int, body: bytes = b"", length: int = 0, headers: dict[str, str] | None = None
    ) -> None:
        self.state.requests.append(f"{self.command} {urlsplit(self.path).path}")
        self.send_response(status)
        for name, value in {"ETag": '"0"', "Content-Type": "application/xml", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def path_of_object(self) -> str:
        return urlsplit(self.path).path

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running_plain_s3(state: PlainS3) -> Iterator[StoreSettings]:
    """Serve a state on a free port; yields the settings of a store there."""
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        port = server.server_address[1]
        yield StoreSettings(
            endpoint=f"127.0.0.1:{port}", bucket="bucket", access_key="a", secret_key="b", secure=False
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
