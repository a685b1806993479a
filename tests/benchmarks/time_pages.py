"""How long the pages take over 100 000 sweeps: `python -m tests.benchmarks.time_pages`.

One collection has 5000, with a report on its 4243 crystals, joint refinements and merges. Airflow's whole
app answers in this process; the CPU is that of it and of PostgreSQL, the least of some tries. Then Chromium
opens each page, first without and then with the files kept: from the start of the navigation until the last
part shows what it is for. On a busy machine only the CPU tells something.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from fastapi.routing import APIRoute
from rich.console import Console
from rich.table import Table
from tests.dags import conftest as airflow_home  # sets Airflow's variables before Airflow is imported
from tests.dags.page_bench import PASSWORDS, PageBench, airflow_connection, log_in
from tests.dags.serving import served
from tests.end_to_end.page_visitor import chromium, new_visitor
from tests.services.geometry_versions import add_version
from tests.services.group_work import add_joint, add_merge
from tests.services.large_catalogue import fill, publish
from tests.services.postgres_server import TEMPLATE, running_postgres

from beamloop.catalog.connection import Catalog
from beamloop.catalog.isomorphism import latest_groups
from beamloop.records.identifiers import CollectionId
from beamloop.storage.contract import ArtifactStore

# What is asked for of each route; those that only lead on or send a file are not asked.
ADDRESSES: dict[str, tuple[str, ...]] = {
    "/api/now": ("api/now", "api/now?hours=336"),
    "/api/failures": ("api/failures", "api/failures?hours=336"),
    "/api/messages": ("api/messages?hours=336",),
    "/api/health": ("api/health",),
    "/api/sweeps/{sweep_id}": ("api/sweeps/1",),
    "/api/runs/{run_id}/search": (),  # as long as the store takes
    "/api/collections": ("api/collections",),
    "/api/collections/{collection_id}": ("api/collections/1",),
    "/api/collections/{collection_id}/sweeps": (
        "api/collections/1/sweeps",
        "api/collections/1/sweeps?order=a&down=true&offset=4950",
        "api/collections/1/sweeps?state=no_lattice",
    ),
    "/api/reports/{report_id}": ("api/reports/1",),
    "/api/groups": ("api/groups",),
    "/api/groups/{group_id}": ("api/groups/1",),
    "/api/joints/{joint_id}": ("api/joints/1",),
    "/api/merges/{merge_id}": ("api/merges/1",),
    "/api/geometries": ("api/geometries",),
    "/api/geometries/{geometry_id}": ("api/geometries/1",),
    "/api/drift": ("api/drift",),
}
PAGES = (
    "now?hours=336", "collections", "collection/1", "sweep/1", "groups", "group/1", "geometry?version=1",
    "failures?hours=336", "messages?hours=336",
)  # fmt: skip
TRIES = 5


def main() -> None:
    """Fill a catalogue, ask for each page, print the figures."""
    with tempfile.TemporaryDirectory(prefix="beamloop-pages-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder) / "state") as server:
            server.execute(f"CREATE DATABASE large TEMPLATE {TEMPLATE}")
            bench = open_pages(server.dsn("large"))
            from airflow_services import store_settings
            from beamloop.storage.opening import open_store
            from beamloop_ui import reading

            with Catalog(server.dsn("large")) as catalog:
                fill(catalog, first=5000, others=1000, collections=96)
                spread(catalog)
                add_work(catalog, open_store(store_settings()))
            require_all_routes()
            asked = [address for addresses in ADDRESSES.values() for address in addresses]
            _print(("address", "wall (ms)", "CPU (ms)", "bytes"), [(a, *_time(bench, a)) for a in asked])
            _print(("page", "first (ms)", "again (ms)"), _in_browser(bench))
            reading.forget()


def require_all_routes() -> None:
    """Fail when an endpoint of the pages is not in the list."""
    from beamloop_ui.app import make_app

    routes = {
        route.path_format
        for route in make_app().routes
        if isinstance(route, APIRoute) and "GET" in route.methods and route.path_format.startswith("/api/")
    }
    missing = routes ^ set(ADDRESSES)
    if missing:
        raise AssertionError(f"not asked, or not there: {sorted(missing)}")


def add_work(catalog: Catalog, store: ArtifactStore) -> None:
    """Publish a report of the first collection, refine and merge its groups; import some with a geometry."""
    first = CollectionId(1)
    publish(catalog, store, first)
    with catalog.transaction() as connection:
        for group in latest_groups(connection, first):
            add_joint(connection, group)
            add_merge(connection, group)
    number = add_version(catalog, store, 1)
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.runs SET geometry_id = %s WHERE run_id %% 5 = 0; ANALYZE", (number,))


def _in_browser(bench: PageBench) -> Iterator[tuple[str, str, str]]:
    """Yield for each page the time until its content stands, in ms, without and with files that are kept."""
    with chromium() as browser, served(bench.client.app) as address:
        for path in PAGES:
            visitor = new_visitor(browser, address)
            token = {"name": "_token", "value": bench.tokens["reader"], "url": address}
            visitor.page.context.add_cookies([token])  # type: ignore[list-item]
            times = [_until_content(visitor.page, f"{address}/beamloop/{path}") for _ in range(TRIES)]
            yield path, f"{times[0]:.0f}", f"{min(times[1:]):.0f}"
            visitor.page.context.close()


def _until_content(page: Any, address: str) -> float:
    page.goto(address, wait_until="networkidle")
    marks = "performance.getEntriesByName('beamloop:content').map(mark => mark.startTime)"
    return float(max(page.evaluate(marks)))


# Four collections a day, the one of 5000 sweeps just now.
SPREAD = """
ALTER TABLE beamloop.outcomes DISABLE TRIGGER USER;
UPDATE beamloop.requests SET requested_at = now() - (collection_id - 1) * interval '6 hours',
    requested_by = CASE WHEN collection_id % 3 = 0 THEN 'a test' ELSE 'watch' END;
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


def _print(heads: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    table = Table(*heads)
    for row in rows:
        table.add_row(*(f"{value:.0f}" if isinstance(value, float) else str(value) for value in row))
    Console().print(table)


if __name__ == "__main__":
    main()
