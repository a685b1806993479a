"""How long the pages take over 100 000 sweeps: `python -m tests.benchmarks.time_pages`.

One collection has 5000. Airflow's whole app answers in this process; the CPU is that of it and of PostgreSQL,
the least of some tries. On a busy machine only the CPU tells something.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from tests.dags import conftest as airflow_home  # sets Airflow's variables before Airflow is imported
from tests.dags.page_bench import PASSWORDS, PageBench, airflow_connection, log_in
from tests.services.large_catalogue import fill
from tests.services.postgres_server import TEMPLATE, running_postgres

from beamloop.catalog.connection import Catalog

ADDRESSES = (
    "now",
    "api/now",
    "api/now?hours=336",
    "api/failures",
    "api/failures?hours=336",
    "api/health",
    "sweep/1",
    "api/sweeps/1",
    "api/collections",
    "api/collections/1/sweeps",
)
TRIES = 5


def main() -> None:
    """Fill a catalogue, ask for each page, print the figures."""
    with tempfile.TemporaryDirectory(prefix="beamloop-pages-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder) / "state") as server:
            server.execute(f"CREATE DATABASE large TEMPLATE {TEMPLATE}")
            with Catalog(server.dsn("large")) as catalog:
                fill(catalog, first=5000, others=1000, collections=96)
                spread(catalog)
            from beamloop_ui import reading

            bench = open_pages(server.dsn("large"))
            _print([(address, *_time(bench, address)) for address in ADDRESSES])
            reading.forget()


# Four collections a day, the one of 5000 sweeps just now.
SPREAD = """
ALTER TABLE beamloop.outcomes DISABLE TRIGGER USER;
UPDATE beamloop.requests SET requested_at = now() - (collection_id - 1) * interval '6 hours';
UPDATE beamloop.outcomes o SET recorded_at = q.requested_at
FROM beamloop.runs r JOIN beamloop.requests q USING (request_id) WHERE r.run_id = o.run_id;
ALTER TABLE beamloop.outcomes ENABLE TRIGGER USER;
UPDATE beamloop.sweep_standings t SET ended_at = q.requested_at
FROM beamloop.requests q WHERE q.collection_id = t.collection_id;
ANALYZE;
"""


def spread(catalog: Catalog) -> None:
    """Let the collections of a filled catalogue have been processed over some weeks."""
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(SPREAD)


def open_pages(dsn: str) -> PageBench:
    """Return Airflow's whole app in this process, with the pages over a catalogue."""
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    os.environ["AIRFLOW_CONN_BEAMLOOP_CATALOG"] = airflow_connection(dsn)
    assert airflow_home.HOME.is_dir()
    initdb()
    client = TestClient(create_app(apps="core"), follow_redirects=False)
    return PageBench(client, {user: log_in(client, user) for user in PASSWORDS})


def _time(bench: PageBench, address: str) -> tuple[float, float, int]:
    """Return the least wall time and the least CPU of some tries, in milliseconds, and the answer's bytes."""
    wall_ms, cpu_ms, size = [], [], 0
    for _ in range(TRIES):
        began, cpu_before = time.perf_counter(), _cpu_s()
        answer = bench.client.get(f"/beamloop/{address}", headers=bench.headers("reader"))
        wall_ms.append((time.perf_counter() - began) * 1000)
        cpu_ms.append((_cpu_s() - cpu_before) * 1000)
        assert answer.status_code == 200, answer.text
        size = len(answer.content)
    return min(wall_ms), min(cpu_ms), size


def _cpu_s() -> float:
    """Return the CPU s of this process and of all below it, ended ones too."""
    own = psutil.Process()
    return sum(_of(process) for process in (own, *own.children(recursive=True)))


def _of(process: Any) -> float:
    read: Callable[[], Any] = process.cpu_times
    times = read()
    return float(times.user + times.system + times.children_user + times.children_system)


def _print(rows: list[tuple[str, float, float, int]]) -> None:
    table = Table("address", "wall (ms)", "CPU (ms)", "bytes")
    for address, wall_ms, cpu_ms, size in rows:
        table.add_row(address, f"{wall_ms:.0f}", f"{cpu_ms:.0f}", str(size))
    Console().print(table)


if __name__ == "__main__":
    main()
