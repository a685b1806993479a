"""What share of a step its uploads are: `python -m tests.benchmarks.bench_uploads`.

A step uploads its files when DIALS has ended, in the same task. Simulated wedges, DIALS by its server,
without Airflow; into a local directory, and into S3 by the tests' Swift on this machine.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.bench_wedges import plan_wedges
from tests.benchmarks.figures import Figures, lines_of
from tests.benchmarks.process_wedge import CELL, SPACE_GROUP
from tests.services.postgres_server import TEMPLATE, running_postgres
from tests.services.running_swift import running_swift
from tests.services.sweep_bench import open_bench

from beamloop.records.artifact import StoredObject
from beamloop.records.parameters import STEPS
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.simulate import write_collection
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.opening import open_store
from beamloop.sweep.stage import run_step

WEDGES = 3


class TimedStore:
    """A store that notes for how long anything was on its way into it."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._lock, self._under_way, self._began_s = threading.Lock(), 0, 0.0
        self.wall_s, self.files, self.size_bytes = 0.0, 0, 0

    def put(self, key: str, source: Path) -> StoredObject:
        """See `ArtifactStore.put`."""
        with self._lock:
            self._began_s = self._began_s if self._under_way else time.perf_counter()
            self._under_way += 1
        try:
            stored = self._store.put(key, source)
        finally:
            with self._lock:
                self._under_way -= 1
                if not self._under_way:
                    self.wall_s += time.perf_counter() - self._began_s
        with self._lock:
            self.files, self.size_bytes = self.files + 1, self.size_bytes + stored.size_bytes
        return stored

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def measure(folder: Path) -> Figures:
    """Process the same wedges into both kinds of store.

    Parameters
    ----------
    folder
        Scratch, on a file system with extended attributes; PostgreSQL's user must be able to enter.
    """
    folder.chmod(0o755)
    write_collection(plan_wedges(WEDGES), folder / "images")
    figures: Figures = {}
    with running_postgres(folder / "state") as server, _stores(folder) as stores:
        for number, (name, store) in enumerate(stores.items()):
            server.execute(f"CREATE DATABASE uploads_{number} TEMPLATE {TEMPLATE}")
            work = folder / f"work-{number}"
            bench = open_bench(
                work,
                server.dsn(f"uploads_{number}"),
                folder / "images",
                space_group=SPACE_GROUP,
                unit_cell=CELL,
            )
            figures[name] = _process(bench.services, TimedStore(store), list(bench.runs.values()))
            bench.services.catalog.close()
    return figures


@contextmanager
def _stores(folder: Path) -> Iterator[dict[str, ArtifactStore]]:
    (folder / "swift").mkdir()
    with running_swift(folder / "swift") as swift:
        s3 = StoreSettings(
            endpoint=swift.endpoint,
            bucket="bench",
            access_key=swift.owner_access_key,
            secret_key=swift.secret_key,
            secure=False,
        )
        local = StoreSettings(directory=folder / "artifacts")
        yield {"local directory": open_store(local), "S3": open_store(s3)}


def _process(services: Services, store: TimedStore, runs: list[Any]) -> Figures:
    """Return wall time and uploads, of all steps and of each, in s for a wedge."""
    timed = replace(services, store=store)
    by_step: dict[str, list[float]] = {step: [0.0, 0.0] for step in STEPS}
    for run_id in runs:
        for step in STEPS:
            began, uploaded_s = time.perf_counter(), store.wall_s
            outcome = run_step(timed, run_id, step)
            by_step[step][0] += time.perf_counter() - began
            by_step[step][1] += store.wall_s - uploaded_s
            if outcome:
                break
    wall_s = sum(step_s for step_s, _ in by_step.values())
    return {
        "steps_s_per_wedge": wall_s / len(runs),
        "uploads_s_per_wedge": store.wall_s / len(runs),
        "share": store.wall_s / wall_s,
        "share_by_step": {
            step: uploads_s / step_s for step, (step_s, uploads_s) in by_step.items() if step_s
        },
        "files_per_wedge": store.files / len(runs),
        "megabytes_per_wedge": store.size_bytes / 1e6 / len(runs),
    }


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sys.stdout.write("\n".join(lines_of(measure(Path(folder)))) + "\n")


if __name__ == "__main__":
    main()
