"""What a page reads of the catalogue grows with what it shows, not with what there is.

Rows that PostgreSQL has fetched from tables, by its own counters, are counted: the same on any machine. What
reads whole tables is put off, so that a small catalogue is read as a large one would be.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
from tests.dags.page_bench import PageBench
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.large_catalogue import fill

from beamloop.catalog.connection import Catalog, Connection

pytestmark = pytest.mark.dags

FIRST, OTHERS, COLLECTIONS = 400, 60, 11
SWEEPS = FIRST + OTHERS * (COLLECTIONS - 1)
FAILURES = SWEEPS // 7 + SWEEPS // 100
READ = """SELECT sum(seq_tup_read) + sum(idx_tup_fetch) AS rows FROM pg_stat_xact_user_tables
WHERE schemaname = 'beamloop' AND relname <> ALL (ARRAY['beamlines', 'collections', 'requests'])"""


class Counter:
    """Counts the rows that transactions fetch."""

    def __init__(self, catalog: Catalog) -> None:
        self._transaction = catalog.transaction
        self.rows = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection as the catalogue does."""
        with self._transaction() as connection:
            with connection.cursor() as cursor:
                for way in ("seqscan", "hashjoin", "mergejoin"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
            # The counters are the connection's, since it has handed them in last.
            before = _rows_read(connection)
            yield connection
            self.rows += _rows_read(connection) - before


def _rows_read(connection: Connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        found = cursor.fetchone()
    return int(found["rows"] or 0)  # type: ignore[call-overload,index]  # rows are dictionaries


@pytest.fixture
def counter(
    pages: PageBench, plate_catalogue: FilledCatalogue, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> Counter:
    """Provide a catalogue of 1000 sweeps, and what is read of it."""
    from beamloop_ui import reading

    fill(plate_catalogue.catalog, first=FIRST, others=OTHERS, collections=COLLECTIONS)
    # Index-only scans trust the map that VACUUM makes.
    with closing(psycopg2.connect(catalog_dsn)) as connection:
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE")
    counted = Counter(reading.catalog())
    monkeypatch.setattr(reading.catalog(), "transaction", counted.transaction)
    return counted


MOST_ROWS = {
    # Counted from indexes alone: no row for any of the thousand sweeps.
    "now?hours=336": 60,
    "collections": 20,
    "collections/1": 60,
    # Its name and its standing for each sweep of the collection, a dozen rows for each of the fifty shown.
    "collections/1/sweeps": 2 * FIRST + 50 * 12,
    # The crystal of each, after its last step, beside that.
    "collections/1/sweeps?order=a": 5 * FIRST + 50 * 12,
    # Standing, sweep, outcome of each failure.
    "failures?hours=336": 4 * FAILURES,
    "groups": 20,
    "messages?hours=336": 20,
    "geometries": 20,
    "drift": 20,
    # The runs of its request, 500 at most, tell its place among Airflow's mapped tasks.
    "sweeps/1": 2 * FIRST + 80,
}


def test_pages_read_no_more_than_they_show(pages: PageBench, counter: Counter) -> None:
    read = {}
    for address in MOST_ROWS:
        counter.rows = 0
        answer = pages.client.get(f"/beamloop/api/{address}", headers=pages.headers("reader"))
        assert answer.status_code == 200, answer.text
        read[address] = counter.rows
    assert {address: rows for address, rows in read.items() if rows > MOST_ROWS[address]} == {}, read
