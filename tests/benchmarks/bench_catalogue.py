"""The catalogue's named queries over 100 000 sweeps: `python -m tests.benchmarks.bench_catalogue`.

The pages are asked as browsers ask, the stages' questions as tasks ask; each query that passes is timed under
its name. Nothing that is written stays. One collection has 5000 sweeps, the one that is asked about.
"""

import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from tests.benchmarks.catalogue_questions import DETAILS, PAGES, stage_questions
from tests.benchmarks.figures import Figures, lines_of
from tests.benchmarks.page_times import backend_cpu_s
from tests.benchmarks.time_pages import open_pages, spread
from tests.dags.conftest import HOME
from tests.services.large_catalogue import fill, publish
from tests.services.postgres_server import TEMPLATE, running_postgres

from beamloop.catalog.connection import QUERIES, Catalog, Connection
from beamloop.records.identifiers import CollectionId
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

ROUNDS = 3
# Those of aiosql's driver that send one query and bring its answer.
TIMED = frozenset({"select", "select_one", "select_value", "insert_returning", "insert_update_delete"})


@dataclass
class QueryTimes:
    """Stands in for aiosql's driver, and notes what each query takes."""

    driver: Any
    wall_ms: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_ms: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def __getattr__(self, kind: str) -> Any:
        ask = getattr(self.driver, kind)
        return self._timed(ask, rows=kind == "select") if kind in TIMED else ask

    def _timed(self, ask: Callable[..., Any], *, rows: bool) -> Callable[..., Any]:
        def asked(connection: Connection, name: str, sql: str, values: Any, *rest: Any) -> Any:
            pid = connection.info.backend_pid
            cpu_s, wall_s = time.process_time() + backend_cpu_s(pid), time.perf_counter()
            answer = ask(connection, name, sql, values, *rest)
            answer = list(answer) if rows else answer
            key = (name, repr(values))
            self.wall_ms[key].append((time.perf_counter() - wall_s) * 1000)
            self.cpu_ms[key].append((time.process_time() + backend_cpu_s(pid) - cpu_s) * 1000)
            return iter(answer) if rows else answer

        return asked

    def worst_first(self) -> Figures:
        """Return each query's figures with the values that it takes longest with: the least wall time and the
        mean CPU, which the kernel counts in hundredths of a second, both in ms.
        """
        found: dict[str, Figures] = {}
        for (name, values), times in self.wall_ms.items():
            cost = {"wall_ms": min(times), "cpu_ms": mean(self.cpu_ms[name, values])}
            found[name] = max(found.get(name, cost), cost, key=lambda one: one["wall_ms"])
        return dict(sorted(found.items(), key=lambda item: -item[1]["wall_ms"]))


def measure(folder: Path) -> Figures:
    """Fill a catalogue, ask, and return the queries that took longest first.

    Parameters
    ----------
    folder
        Scratch; PostgreSQL's user must be able to enter.
    """
    folder.chmod(0o755)
    with running_postgres(folder / "state") as server:
        server.execute(f"CREATE DATABASE large TEMPLATE {TEMPLATE}")
        with Catalog(server.dsn("large")) as catalog:
            collection_id = _filled(catalog)
            with _timing() as times:
                _ask_stages(catalog, collection_id)
                _ask_pages(server.dsn("large"))
            with catalog.transaction() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT count(*) AS sweeps FROM beamloop.sweeps")
                counted: Any = cursor.fetchone()
    queries = times.worst_first()
    return {"sweeps": counted["sweeps"], "queries": len(queries), "worst_first": queries}


def _filled(catalog: Catalog) -> CollectionId:
    collection_id = fill(catalog, first=5000, others=1000, collections=96)
    # Where the pages' Airflow looks for artifacts.
    publish(catalog, open_store(StoreSettings(directory=HOME / "artifacts")), collection_id)
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(DETAILS)
    spread(catalog)
    return collection_id


@contextmanager
def _timing() -> Iterator[QueryTimes]:
    times = QueryTimes(QUERIES.driver_adapter)
    QUERIES.driver_adapter = times
    try:
        yield times
    finally:
        QUERIES.driver_adapter = times.driver


def _ask_stages(catalog: Catalog, collection_id: CollectionId) -> None:
    for question in stage_questions(collection_id):
        for _ in range(ROUNDS):
            with catalog.transaction() as connection:
                question(connection)
                connection.rollback()


def _ask_pages(dsn: str) -> None:
    # Read when Airflow is first imported: each request is a line otherwise.
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    from beamloop_ui import reading

    bench = open_pages(dsn)
    for address in PAGES * ROUNDS:
        answer = bench.client.get(f"/beamloop/{address}", headers=bench.headers("reader"))
        assert answer.status_code == 200, answer.text
    reading.forget()


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="beamloop-bench-", ignore_cleanup_errors=True) as folder:
        figures = measure(Path(folder))
    sys.stdout.write("\n".join(lines_of(figures)) + "\n")


if __name__ == "__main__":
    main()
