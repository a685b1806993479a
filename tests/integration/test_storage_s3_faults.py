"""What only an S3 server can do wrong, and how the store says it."""

import hashlib
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.artifact_backends import leftovers
from tests.services.plain_s3_server import PlainS3, running_plain_s3
from tests.services.running_swift import SwiftServer

from beamloop.errors import (
    ArtifactConflictError,
    BeamloopError,
    DiskFullError,
    InvalidInputError,
    StoreUnavailableError,
)
from beamloop.settings import StoreSettings
from beamloop.storage import open_store, s3_client
from beamloop.storage.s3_store import S3Store
from beamloop.storage.s3_writing import SMALLEST_PART_BYTES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

KEY = "run-1/index/indexed.expt"
# Far below a task's patience, far above what a loaded machine adds to the limits of the client.
SOON_S = 10.0


def elsewhere(endpoint: str, *, secure: bool = False) -> StoreSettings:
    return StoreSettings(endpoint=endpoint, access_key="someone", secret_key="hush-hush", secure=secure)


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=0)


def address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


def require_unavailable_soon(settings: StoreSettings) -> None:
    start = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="BEAMLOOP_S3_ENDPOINT"):
        open_store(settings)
    assert time.monotonic() - start < SOON_S


def test_a_server_that_is_down_is_reported_at_once() -> None:
    with listening() as listener:
        closed = address(listener)
    require_unavailable_soon(elsewhere(closed))


def test_a_host_that_nobody_knows_is_reported() -> None:
    require_unavailable_soon(elsewhere("no-such-host.invalid:9000"))


def test_a_server_that_accepts_nothing_is_given_up_within_seconds() -> None:
    with listening() as listener:
        # They fill the queue of connections; the kernel then drops further ones, as a dead host would.
        waiting = [socket.socket() for _ in range(3)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        require_unavailable_soon(elsewhere(address(listener)))
        for connection in waiting:
            connection.close()


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "SILENCE_LIMIT_S", 1.0)
    with listening() as listener:
        require_unavailable_soon(elsewhere(address(listener)))


def test_the_limits_bound_one_request_to_less_than_half_a_minute() -> None:
    assert s3_client.CONNECT_LIMIT_S + s3_client.SILENCE_LIMIT_S < 30


def test_something_else_than_s3_at_the_endpoint_is_reported() -> None:
    with listening() as listener:
        thread = threading.Thread(target=answer_once, args=(listener,))
        thread.start()
        with pytest.raises((StoreUnavailableError, InvalidInputError), match="BEAMLOOP_S3"):
            open_store(elsewhere(address(listener)))
        thread.join()


def answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_an_untrusted_certificate_is_bad_input(tmp_path: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-days", "1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with listening() as listener:
        thread = threading.Thread(target=shake_hands_once, args=(listener, context))
        thread.start()
        with pytest.raises(InvalidInputError, match="SSL_CERT_FILE"):
            open_store(elsewhere(address(listener), secure=True))
        thread.join()


def shake_hands_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (ssl.SSLError, OSError):
        connection.close()


# --- Refusals of a real server.


@pytest.fixture(scope="module")
def owner(swift: SwiftServer) -> StoreSettings:
    settings = StoreSettings(
        endpoint=swift.endpoint,
        bucket="artifacts",
        access_key=swift.owner_access_key,
        secret_key=swift.secret_key,
        secure=False,
    )
    open_store(settings).put_bytes(KEY, b"abc")
    return settings


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"secret_key": "wrong-secret"}, "BEAMLOOP_S3_SECRET_KEY"),
        ({"access_key": "nobody:here"}, "BEAMLOOP_S3_ACCESS_KEY"),
        ({"access_key": "beamloop:guest"}, "BEAMLOOP_S3_BUCKET"),
        ({"bucket": "No Bucket"}, "BEAMLOOP_S3_BUCKET"),
        ({"region": "mars-1"}, "BEAMLOOP_S3_"),
    ],
)
def test_a_wrong_setting_is_named_and_the_secret_is_not_shown(
    owner: StoreSettings, wrong: dict[str, str], setting: str
) -> None:
    settings = replace(owner, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=setting) as caught:
        open_store(settings)
    assert settings.secret_key not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.put_bytes("run-1/new", b"x"),
        lambda store: list(store.stream(KEY, sha256=hashlib.sha256(b"abc").hexdigest())),
        lambda store: store.stat(KEY),
        lambda store: list(store.list("")),
        lambda store: store.check(),
    ],
)
def test_keys_withdrawn_while_the_store_is_open_are_bad_input(
    owner: StoreSettings, use: Callable[[S3Store], object]
) -> None:
    with pytest.raises(InvalidInputError, match="BEAMLOOP_S3_SECRET_KEY"):
        use(S3Store(replace(owner, secret_key="wrong-secret")))


def test_a_bucket_that_went_away_is_named(owner: StoreSettings) -> None:
    with pytest.raises(InvalidInputError, match="BEAMLOOP_S3_BUCKET"):
        S3Store(replace(owner, bucket="went-away")).put_bytes(KEY, b"x")


def test_two_processes_may_make_the_same_bucket(owner: StoreSettings) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: open_store(replace(owner, bucket="made-by-many")), range(4)))
    assert len(stores) == 4


# --- Conditional writes: what no server of Debian's packages does.


@pytest.fixture(params=[True, False], ids=["honoured", "ignored"])
def state(request: pytest.FixtureRequest) -> PlainS3:
    return PlainS3(honours_conditions=request.param)


@pytest.fixture
def store(state: PlainS3) -> Iterator[S3Store]:
    with running_plain_s3(state) as settings:
        yield S3Store(settings, largest_whole_bytes=SMALLEST_PART_BYTES, part_bytes=SMALLEST_PART_BYTES)


def test_the_server_is_asked_once_whether_it_honours_conditions(store: S3Store, state: PlainS3) -> None:
    for number in range(3):
        store.put_bytes(f"run-1/{number}", b"x")
    probes = [line for line in state.requests if "probe" in line]
    assert len(probes) == 2
    # Honoured: the upload alone. Ignored: a look, the upload, a look.
    assert len(state.requests) - len(probes) == (3 if state.honours_conditions else 9)


def test_a_file_up_to_the_limit_goes_in_one_request_and_a_larger_one_in_parts(tmp_path: Path) -> None:
    state = PlainS3()
    large = tmp_path / "large"
    with running_plain_s3(state) as settings:
        store = S3Store(settings, largest_whole_bytes=2 * SMALLEST_PART_BYTES, part_bytes=SMALLEST_PART_BYTES)
        store.check()
        for size_bytes, verbs in [
            (2 * SMALLEST_PART_BYTES, ["PUT"]),
            # A look, the upload's beginning, three parts, its end, a look.
            (2 * SMALLEST_PART_BYTES + 1, ["HEAD", "POST", "PUT", "PUT", "PUT", "POST", "HEAD"]),
        ]:
            large.write_bytes(bytes(size_bytes))
            store.put(f"run-1/{size_bytes}", large)
            seen = [line.split()[0] for line in state.requests if line.endswith(f"/{size_bytes}")]
            assert seen == verbs


def test_other_bytes_are_a_conflict_however_the_server_treats_conditions(
    store: S3Store, state: PlainS3
) -> None:
    store.put_bytes(KEY, b"first")
    assert store.put_bytes(KEY, b"first").size_bytes == 5
    with pytest.raises(ArtifactConflictError):
        store.put_bytes(KEY, b"other")
    assert state.objects[f"/bucket/{KEY}"][0] == b"first"


def test_with_conditions_exactly_one_of_many_writers_wins() -> None:
    def attempt(number: int) -> str:
        try:
            return shared.put_bytes(KEY, b"%d" % number).sha256
        except ArtifactConflictError:
            return "told"

    with running_plain_s3(PlainS3()) as settings, ThreadPoolExecutor(8) as threads:
        shared = S3Store(settings)
        ends = list(threads.map(attempt, range(16)))
    assert ends.count("told") == 15


def test_a_writer_that_comes_between_is_not_overwritten_or_is_told_of(
    store: S3Store, state: PlainS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain_write = PlainS3.write

    def somebody_was_faster(self: PlainS3, path: str, data: bytes, sha256: str, condition: str | None) -> int:
        if "probe" in path:
            return plain_write(self, path, data, sha256, condition)
        theirs = (b"theirs", hashlib.sha256(b"theirs").hexdigest(), None)
        if self.honours_conditions:
            plain_write(self, path, *theirs)
            return plain_write(self, path, data, sha256, condition)
        # Nothing protects ours from a later writer; the second look finds it.
        status = plain_write(self, path, data, sha256, condition)
        plain_write(self, path, *theirs)
        return status

    monkeypatch.setattr(PlainS3, "write", somebody_was_faster)
    with pytest.raises(ArtifactConflictError):
        store.put_bytes(KEY, b"ours")
    large = tmp_path / "large"
    large.write_bytes(os.urandom(SMALLEST_PART_BYTES + 1))
    with pytest.raises(ArtifactConflictError):
        store.put("run-1/large", large)
    assert {data for path, (data, _) in state.objects.items() if "probe" not in path} == {b"theirs"}


# --- Failures in the middle.


@pytest.mark.parametrize(
    ("status", "error"), [(500, StoreUnavailableError), (503, StoreUnavailableError), (507, DiskFullError)]
)
def test_a_failing_server_is_a_transient_error(
    store: S3Store, state: PlainS3, status: int, error: type[BeamloopError]
) -> None:
    state.failing_status = status
    with pytest.raises(error, match=f"HTTP {status}"):
        store.put_bytes(KEY, b"x")


def test_a_connection_cut_in_a_download_is_transient_and_leaves_nothing(
    store: S3Store, state: PlainS3, tmp_path: Path
) -> None:
    stored = store.put_bytes(KEY, os.urandom(3 * 1024**2))
    state.cuts_downloads = True
    with pytest.raises(StoreUnavailableError):
        store.fetch(KEY, tmp_path / "work" / "copy", sha256=stored.sha256)
    assert leftovers(tmp_path / "work") == []


def test_an_upload_in_parts_stops_at_the_first_one_that_fails(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(4 * SMALLEST_PART_BYTES))
    with running_plain_s3(PlainS3()) as settings:
        store = S3Store(settings, largest_whole_bytes=SMALLEST_PART_BYTES, part_bytes=SMALLEST_PART_BYTES)
        store.put_bytes(KEY, b"x")
    start = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        store.put("run-1/large", large)
    assert time.monotonic() - start < SOON_S
