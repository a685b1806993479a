"""The artifact store beside bare copies and the bare client: `python -m tests.benchmarks.bench_artifacts`.

Files go in and come back. The bare ways move the same bytes and hash them on both ways, as the store does;
they do not look whether something stands under a key already, and prove nothing afterwards. The S3 server is
the tests' Swift on this machine, whose own CPU is in the wall time.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from minio import Minio
from tests.benchmarks.figures import Figures, lines_of
from tests.services.artifact_backends import raw_client
from tests.services.running_swift import running_swift

from beamloop.settings import StoreSettings
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.hashing import file_sha256
from beamloop.storage.opening import open_store

# As a step leaves them: experiment lists, logs, reports; and reflection tables of long sweeps.
SMALL = (200, 20_000)  # files, bytes of each
LARGE = (2, 100_000_000)
TRIES = 2


class Way(Protocol):
    """A way to keep files."""

    def put(self, key: str, source: Path) -> str:
        """Store a file; return its SHA-256."""
        ...

    def fetch(self, key: str, destination: Path, sha256: str) -> None:
        """Bring it back."""
        ...


class ByStore:
    """Beamloop's store."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def put(self, key: str, source: Path) -> str:
        """See `Way.put`."""
        return self._store.put(key, source).sha256

    def fetch(self, key: str, destination: Path, sha256: str) -> None:
        """See `Way.fetch`."""
        self._store.fetch(key, destination, sha256=sha256)


class ByCopy:
    """`shutil.copyfile`, written through to the disk as the store does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, source: Path) -> str:
        """See `Way.put`."""
        sha256 = file_sha256(source)
        self._copy(source, self._folder / key)
        return sha256

    def fetch(self, key: str, destination: Path, sha256: str) -> None:
        """See `Way.fetch`."""
        self._copy(self._folder / key, destination)
        assert file_sha256(destination) == sha256

    @staticmethod
    def _copy(source: Path, destination: Path) -> None:
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
        with open(destination, "rb") as file:
            os.fsync(file)


class ByClient:
    """The minio client itself."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, key: str, source: Path) -> str:
        """See `Way.put`."""
        sha256 = file_sha256(source)
        self._client.fput_object(self._bucket, key, str(source), metadata={"sha256": sha256})
        return sha256

    def fetch(self, key: str, destination: Path, sha256: str) -> None:
        """See `Way.fetch`."""
        self._client.fget_object(self._bucket, key, str(destination))
        assert file_sha256(destination) == sha256


def measure(folder: Path) -> Figures:
    """Compare both kinds of store with their bare ways.

    Parameters
    ----------
    folder
        Scratch, on a file system with extended attributes; it needs 2 GB.
    """
    sources = {
        "small": write_files(folder / "small", *SMALL),
        "large": write_files(folder / "large", *LARGE),
    }
    local = StoreSettings(directory=folder / "artifacts")
    figures = {
        "local directory": _compare(ByStore(open_store(local)), ByCopy(folder / "copies"), sources, folder)
    }
    (folder / "swift").mkdir()
    with running_swift(folder / "swift") as swift:
        settings = StoreSettings(
            endpoint=swift.endpoint,
            bucket="bench",
            access_key=swift.owner_access_key,
            secret_key=swift.secret_key,
            secure=False,
        )
        store = ByStore(open_store(settings))
        figures["S3"] = _compare(store, ByClient(raw_client(settings), settings.bucket), sources, folder)
    return figures


def write_files(folder: Path, count: int, size_bytes: int) -> list[Path]:
    """Write files of random bytes, which nothing on the way can compress."""
    folder.mkdir()
    paths = [folder / f"file_{number}.refl" for number in range(count)]
    for path in paths:
        path.write_bytes(os.urandom(size_bytes))
    return paths


def _compare(store: Way, bare: Way, sources: dict[str, list[Path]], folder: Path) -> Figures:
    return {kind: _compare_files(store, bare, paths, folder) for kind, paths in sources.items()}


def _compare_files(store: Way, bare: Way, paths: Sequence[Path], folder: Path) -> Figures:
    """Take turns, and the least of some tries: a disk busy with one way's bytes delays the other's."""
    took = {name: {"put_s": float("inf"), "fetch_s": float("inf")} for name in ("store", "bare")}
    for attempt in range(TRIES):
        for name, way in (("store", store), ("bare", bare)):
            for what, seconds in _move(
                way, f"{name}/{paths[0].parent.name}-{attempt}", paths, folder
            ).items():
                took[name][what] = min(took[name][what], seconds)
    size_mb = sum(path.stat().st_size for path in paths) / 1e6
    return {
        "files": len(paths),
        "megabytes": size_mb,
        **{name: {**times, **_rates(times, size_mb, len(paths))} for name, times in took.items()},
        "put_ratio": took["store"]["put_s"] / took["bare"]["put_s"],
        "fetch_ratio": took["store"]["fetch_s"] / took["bare"]["fetch_s"],
    }


def _rates(times: dict[str, float], size_mb: float, count: int) -> Figures:
    return {
        "put_mb_per_s": size_mb / times["put_s"],
        "fetch_mb_per_s": size_mb / times["fetch_s"],
        "put_ms_per_file": times["put_s"] / count * 1000,
    }


def _move(way: Way, place: str, paths: Sequence[Path], folder: Path) -> dict[str, float]:
    """Put all files and fetch them; return the seconds of both."""
    back = folder / "back"
    kept: dict[Path, str] = {}

    def put() -> None:
        kept.update({path: way.put(f"{place}/{path.name}", path) for path in paths})

    def fetch() -> None:
        for path, sha256 in kept.items():
            way.fetch(f"{place}/{path.name}", back / path.name, sha256)

    back.mkdir()
    times = {"put_s": _seconds(put), "fetch_s": _seconds(fetch)}
    shutil.rmtree(back)
    return times


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join(lines_of(measure(Path(folder)))) + "\n")


if __name__ == "__main__":
    main()
