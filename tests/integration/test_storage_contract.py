"""One contract, every backend: a local directory, a real Swift, and any endpoint the environment names.

BEAMLOOP_TEST_S3_ENDPOINT ("http://host:port" or "https://host:port"), ..._ACCESS_KEY, ..._SECRET_KEY and
..._BUCKET add a backend.
"""

import hashlib
import multiprocessing
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.services.artifact_backends import Backend, LocalBackend, S3Backend, leftovers
from tests.services.killed_writer import put_and_be_killed
from tests.services.running_swift import SwiftServer

from beamloop.errors import (
    ArtifactConflictError,
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    DiskFullError,
    InvalidInputError,
)
from beamloop.records.artifact import StoredObject
from beamloop.settings import StoreSettings
from beamloop.storage import file_sha256, open_store
from beamloop.storage.s3_writing import SMALLEST_PART_BYTES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

MIB = 1024**2
ENDPOINT = os.environ.get("BEAMLOOP_TEST_S3_ENDPOINT", "")


def swift_settings(server: SwiftServer) -> StoreSettings:
    return StoreSettings(
        endpoint=server.endpoint,
        bucket="artifacts",
        access_key=server.owner_access_key,
        secret_key=server.secret_key,
        secure=False,
    )


def endpoint_settings() -> StoreSettings:
    address = urlsplit(ENDPOINT)
    return StoreSettings(
        endpoint=address.netloc,
        bucket=os.environ["BEAMLOOP_TEST_S3_BUCKET"],
        access_key=os.environ["BEAMLOOP_TEST_S3_ACCESS_KEY"],
        secret_key=os.environ["BEAMLOOP_TEST_S3_SECRET_KEY"],
        secure=address.scheme == "https",
    )


@pytest.fixture(params=["local", "swift", *(["endpoint"] if ENDPOINT else [])])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    if request.param == "local":
        yield LocalBackend(StoreSettings(directory=tmp_path / "artifacts"))
    elif request.param == "swift":
        server: SwiftServer = request.getfixturevalue("swift")
        yield S3Backend(swift_settings(server), lets_one_writer_win=False, page_keys=server.page_keys)
    else:
        opened = S3Backend(endpoint_settings(), lets_one_writer_win=False, page_keys=1000)
        yield opened
        opened.remove_everything()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "indexed.expt"
    path.write_bytes(b'{"crystal": 1}')
    return path


@pytest.fixture
def key(backend: Backend) -> str:
    return f"{backend.folder}/run-1/index/indexed.expt"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_back(backend: Backend, key: str, sha256: str) -> bytes:
    return b"".join(backend.store.stream(key, sha256=sha256))


@pytest.mark.parametrize("size_bytes", [0, 1, MIB - 1, MIB, 2 * MIB + 1])
def test_what_is_stored_comes_back(backend: Backend, key: str, tmp_path: Path, size_bytes: int) -> None:
    source = tmp_path / "file"
    source.write_bytes(os.urandom(size_bytes))
    stored = backend.store.put(key, source)
    assert (stored.key, stored.sha256, stored.size_bytes) == (key, file_sha256(source), size_bytes)
    backend.store.fetch(key, tmp_path / "new" / "copy", sha256=stored.sha256)
    assert (tmp_path / "new" / "copy").read_bytes() == source.read_bytes()
    assert leftovers(tmp_path / "new") == ["copy"]


def test_the_store_says_what_it_has_without_reading_it(backend: Backend, key: str) -> None:
    backend.store.put_bytes(key, b"abc")
    found = backend.store.stat(key)
    assert (found.key, found.sha256, found.size_bytes) == (key, sha256_of(b"abc"), 3)
    assert found.modified_at is not None
    # Store and test may sit on two machines with two clocks.
    assert abs(found.modified_at.timestamp() - time.time()) < 900


def test_a_source_with_a_hostile_name_is_just_a_file(backend: Backend, key: str, tmp_path: Path) -> None:
    source = tmp_path / "$(touch x) 'a'\n\"ä\" ;.expt"
    source.write_bytes(b"abc")
    assert backend.store.put(key, source).sha256 == sha256_of(b"abc")


def test_a_source_that_is_not_there_is_bad_input(backend: Backend, key: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is not a file"):
        backend.store.put(key, tmp_path / "missing")
    with pytest.raises(ArtifactMissingError):
        backend.store.stat(key)


def test_the_same_bytes_may_be_stored_again(backend: Backend, key: str, source: Path) -> None:
    first = backend.store.put(key, source)
    again = backend.store.put(key, source)
    assert (again.key, again.sha256, again.size_bytes) == (first.key, first.sha256, first.size_bytes)


def test_other_bytes_never_replace_an_object(backend: Backend, key: str, source: Path) -> None:
    stored = backend.store.put(key, source)
    with pytest.raises(ArtifactConflictError, match="index/indexed"):
        backend.store.put_bytes(key, b"other")
    assert read_back(backend, key, stored.sha256) == source.read_bytes()


def attempt(settings: StoreSettings, key: str, data: bytes) -> StoredObject | BeamloopError:
    try:
        return open_store(settings).put_bytes(key, data)
    except BeamloopError as error:
        return error


def test_of_several_writers_one_wins_and_the_others_are_told(backend: Backend, key: str) -> None:
    offers = [bytes([number]) * 200_000 for number in range(6)]
    with ThreadPoolExecutor(len(offers)) as threads:
        ends = list(threads.map(lambda data: attempt(backend.settings, key, data), offers))
    standing = backend.store.stat(key)
    assert read_back(backend, key, standing.sha256) in offers
    winners = [end for end in ends if isinstance(end, StoredObject)]
    assert standing.sha256 in [winner.sha256 for winner in winners]
    assert all(isinstance(end, (StoredObject, ArtifactConflictError)) for end in ends)
    if backend.lets_one_writer_win:
        assert len(winners) == 1


def test_several_writers_of_the_same_bytes_all_succeed(backend: Backend, key: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        ends = list(threads.map(lambda _: attempt(backend.settings, key, b"same" * 50_000), range(6)))
    assert {getattr(end, "sha256", end) for end in ends} == {sha256_of(b"same" * 50_000)}


@pytest.mark.parametrize("fault", ["flipped", "cut short", "longer", "emptied"])
def test_damaged_bytes_are_never_handed_over(backend: Backend, key: str, tmp_path: Path, fault: str) -> None:
    data = os.urandom(2 * MIB + 10)
    stored = backend.store.put_bytes(key, data)
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    harm = {"flipped": flipped, "cut short": data[:-1], "longer": data + b"x", "emptied": b""}[fault]
    backend.replace(key, harm, stored.sha256)
    destination = tmp_path / "work" / "file"
    destination.parent.mkdir()
    destination.write_bytes(b"from before")
    with pytest.raises(ArtifactDamagedError, match="is damaged"):
        backend.store.fetch(key, destination, sha256=stored.sha256)
    assert leftovers(destination.parent) == ["file"]
    assert destination.read_bytes() == b"from before"
    handed_out = bytearray()
    with pytest.raises(ArtifactDamagedError):
        handed_out.extend(b"".join(backend.store.stream(key, sha256=stored.sha256)))
    assert not handed_out


@pytest.mark.parametrize("kept", [None, "", "not a hash", "A" * 64])
def test_an_object_without_a_legible_sha256_is_damaged(backend: Backend, key: str, kept: str | None) -> None:
    stored = backend.store.put_bytes(key, b"abc")
    backend.replace(key, b"abc", kept)
    for use in (
        lambda: backend.store.stat(key),
        lambda: read_back(backend, key, stored.sha256),
        lambda: backend.store.put_bytes(key, b"abc"),
        lambda: list(backend.store.list(f"{backend.folder}/")),
    ):
        with pytest.raises(ArtifactDamagedError):
            use()
    # Other tests list the whole store.
    backend.replace(key, b"abc", stored.sha256)


def test_an_object_other_than_the_one_asked_for_is_damaged(backend: Backend, key: str) -> None:
    backend.store.put_bytes(key, b"abc")
    with pytest.raises(ArtifactDamagedError, match=sha256_of(b"xyz")):
        read_back(backend, key, sha256_of(b"xyz"))


def test_a_missing_object_is_called_missing(backend: Backend, key: str, tmp_path: Path) -> None:
    for use in (
        lambda: backend.store.stat(key),
        lambda: read_back(backend, key, sha256_of(b"")),
        lambda: backend.store.fetch(key, tmp_path / "new" / "copy", sha256=sha256_of(b"")),
    ):
        with pytest.raises(ArtifactMissingError, match="index/indexed"):
            use()
    assert leftovers(tmp_path / "new") == []


def test_fetching_replaces_what_was_there(backend: Backend, key: str, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"from before")
    stored = backend.store.put_bytes(key, b"abc")
    backend.store.fetch(key, tmp_path / "copy", sha256=stored.sha256)
    assert (tmp_path / "copy").read_bytes() == b"abc"


def test_a_folder_in_the_place_of_the_destination_is_bad_input(
    backend: Backend, key: str, tmp_path: Path
) -> None:
    (tmp_path / "work" / "copy" / "inside").mkdir(parents=True)
    stored = backend.store.put_bytes(key, b"abc")
    with pytest.raises(InvalidInputError, match="copy"):
        backend.store.fetch(key, tmp_path / "work" / "copy", sha256=stored.sha256)
    assert leftovers(tmp_path / "work") == ["copy"]


def test_a_listing_has_what_starts_with_the_prefix_in_order_of_key(backend: Backend) -> None:
    names = ["a.expt", "a/x", "a/y/z", "a+b", "ab", "b/x"]
    for name in names:
        backend.store.put_bytes(f"{backend.folder}/{name}", name.encode())

    def listed(prefix: str) -> list[str]:
        found = backend.store.list(f"{backend.folder}/{prefix}")
        return [item.key.removeprefix(f"{backend.folder}/") for item in found]

    assert listed("") == ["a+b", "a.expt", "a/x", "a/y/z", "ab", "b/x"]
    assert listed("a") == ["a+b", "a.expt", "a/x", "a/y/z", "ab"]
    assert listed("a/") == ["a/x", "a/y/z"]
    assert listed("a/y") == ["a/y/z"]
    assert listed("c") == []
    assert listed("c/d/") == []
    [found] = backend.store.list(f"{backend.folder}/b/")
    assert (found.sha256, found.size_bytes) == (sha256_of(b"b/x"), 3)


def test_a_listing_goes_on_over_every_page(backend: Backend) -> None:
    keys = [f"{backend.folder}/{number:04d}" for number in range(2 * backend.page_keys + 1)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: backend.store.put_bytes(key, b"x"), keys))
    assert [found.key for found in backend.store.list(f"{backend.folder}/")] == keys


def test_a_large_file_goes_in_parts_and_comes_back(backend: Backend, key: str, tmp_path: Path) -> None:
    source = tmp_path / "integrated.refl"
    source.write_bytes(os.urandom(2 * SMALLEST_PART_BYTES + 12345))
    store = backend.store_in_parts()
    stored = store.put(key, source)
    assert (stored.sha256, stored.size_bytes) == (file_sha256(source), 2 * SMALLEST_PART_BYTES + 12345)
    assert store.put(key, source).sha256 == stored.sha256
    backend.store.fetch(key, tmp_path / "copy", sha256=stored.sha256)
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    source.write_bytes(os.urandom(2 * SMALLEST_PART_BYTES))
    with pytest.raises(ArtifactConflictError):
        store.put(key, source)
    assert backend.store.stat(key).sha256 == stored.sha256


@pytest.mark.parametrize("hostile", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".hidden", "a\nb", "ä"])
def test_a_hostile_key_is_refused_by_every_method(backend: Backend, tmp_path: Path, hostile: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = backend.store
    for use in (
        lambda: store.put(hostile, tmp_path / "file"),
        lambda: store.put_bytes(hostile, b""),
        lambda: store.fetch(hostile, tmp_path / "copy", sha256="0" * 64),
        lambda: list(store.stream(hostile, sha256="0" * 64)),
        lambda: store.stat(hostile),
        lambda: store.download_url(hostile, expires_s=60),
        lambda: store.address(hostile),
    ):
        with pytest.raises(InvalidInputError, match="cannot be a key"):
            use()


# Before which call of what the writer dies: each system call that commits something, each request of an
# upload in three parts (look, probe, create, 3 parts, complete, look).
INSTANTS = {
    "local": [("os", "fsync", n) for n in range(1, 4)] + [("os", "replace", 1), ("os", "symlink", 1)],
    "swift": [("http", "urlopen", n) for n in range(1, 9)],
    "endpoint": [("http", "urlopen", n) for n in range(1, 9)],
}


def test_a_writer_killed_at_any_instant_leaves_the_whole_object_or_none(
    backend: Backend, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = tmp_path / "integrated.refl"
    source.write_bytes(os.urandom(2 * SMALLEST_PART_BYTES + 1))
    processes = multiprocessing.get_context("spawn")
    whole = 0
    for instant in INSTANTS[request.node.callspec.params["backend"]]:
        key = f"{backend.folder}/{'-'.join(map(str, instant))}/integrated.refl"
        writer = processes.Process(target=put_and_be_killed, args=(backend.settings, key, source, *instant))
        writer.start()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL, f"the writer was not killed at {instant}"
        found = list(backend.store.list(f"{backend.folder}/{'-'.join(map(str, instant))}/"))
        whole += len(found)
        if not found:
            # The next run may have other bytes: a date in a log is enough.
            backend.store.put_bytes(key, b"other bytes")
        expected = found[0].sha256 if found else sha256_of(b"other bytes")
        assert sha256_of(read_back(backend, key, expected)) == expected
    assert 1 <= whole < len(INSTANTS[request.node.callspec.params["backend"]])
    _assert_leftovers_can_be_removed(backend)


def _assert_leftovers_can_be_removed(backend: Backend) -> None:
    if backend.settings.endpoint and backend.settings.endpoint in ENDPOINT:
        return  # the bucket may be somebody's
    now = datetime.now(UTC)
    objects = list(backend.store.list(f"{backend.folder}/"))
    assert list(backend.store.leftovers(now - timedelta(days=1), remove=True)) == []
    later = now + timedelta(days=1)
    found = list(backend.store.leftovers(later, remove=False))
    assert sum(leftover.size_bytes for leftover in found) >= SMALLEST_PART_BYTES
    assert list(backend.store.leftovers(later, remove=True)) == found
    assert list(backend.store.leftovers(later, remove=True)) == []
    for stored in objects:
        read_back(backend, stored.key, stored.sha256)


def test_fetching_to_a_full_disk_says_so_and_leaves_nothing(
    backend: Backend, key: str, tiny_disk: Path
) -> None:
    stored = backend.store.put_bytes(key, os.urandom(4 * MIB))
    with pytest.raises(DiskFullError, match="tiny"):
        backend.store.fetch(key, tiny_disk / "copy", sha256=stored.sha256)
    assert leftovers(tiny_disk) == []


def test_a_full_artifact_directory_says_so_and_goes_on_when_there_is_room(tiny_disk: Path) -> None:
    store = open_store(StoreSettings(directory=tiny_disk))
    kept = store.put_bytes("run-1/small", b"x" * 1000)
    with pytest.raises(DiskFullError, match="tiny"):
        store.put_bytes("run-1/large", os.urandom(4 * MIB))
    assert [found.key for found in store.list("")] == ["run-1/small"]
    assert b"".join(store.stream("run-1/small", sha256=kept.sha256)) == b"x" * 1000
    store.put_bytes("run-1/large", b"smaller now")


def test_a_person_finds_an_object_by_its_address(backend: Backend, key: str) -> None:
    backend.store.put_bytes(key, b"abc")
    address = backend.store.address(key)
    if backend.settings.directory:
        assert Path(address).read_bytes() == b"abc"
    else:
        assert address == f"s3://{backend.settings.bucket}/{key}"


def test_a_download_address_works_without_keys_until_it_expires(backend: Backend, key: str) -> None:
    backend.store.put_bytes(key, b"abc")
    address = backend.store.download_url(key, expires_s=2)
    if backend.settings.directory:
        assert address is None
        return
    assert address is not None
    assert backend.settings.secret_key not in address
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        assert answer.read() == b"abc"
    time.sleep(3.1)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address, timeout=10)  # noqa: S310


def test_a_store_that_can_be_written_to_is_ready_and_its_probe_is_not_listed(backend: Backend) -> None:
    before = [found.key for found in backend.store.list("")]
    backend.store.check()
    assert [found.key for found in backend.store.list("")] == before


def test_the_secret_is_in_no_representation(backend: Backend) -> None:
    if backend.settings.secret_key:
        assert backend.settings.secret_key not in repr(backend.settings) + repr(backend.store)
