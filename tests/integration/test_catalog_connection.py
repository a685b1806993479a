"""What the catalogue's connections promise, whichever way they are lent."""

from collections.abc import Iterator

import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from beamloop.catalog.connection import Catalog
from beamloop.errors import CatalogUnavailableError

pytestmark = pytest.mark.integration


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn, connections=1) as opened:
        yield opened


def ask(connection: Connection, words: str) -> list[dict[str, object]]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(words)
        return [dict(row) for row in cursor.fetchall()]


def add_a_beamline_and_stop(catalog: Catalog) -> None:
    with catalog.transaction() as connection:
        ask(connection, "INSERT INTO beamloop.beamlines (beamline) VALUES ('i24') RETURNING beamline")
        raise LookupError


def test_questions_leave_no_transaction_open(catalog: Catalog) -> None:
    with catalog.reading() as connection:
        assert ask(connection, "SELECT 1 AS one") == [{"one": 1}]
        assert connection.info.transaction_status == TRANSACTION_STATUS_IDLE


@pytest.mark.parametrize("fault", [None, LookupError("no such run")])
def test_after_questions_a_transaction_is_one_again(catalog: Catalog, fault: Exception | None) -> None:
    if fault is None:
        with catalog.reading() as connection:
            ask(connection, "SELECT 1")
    else:
        with pytest.raises(LookupError), catalog.reading():
            raise fault
    with pytest.raises(LookupError):
        add_a_beamline_and_stop(catalog)
    with catalog.transaction() as connection:
        assert ask(connection, "SELECT beamline FROM beamloop.beamlines") == []


def test_a_server_that_ends_a_connection_amid_questions_is_away_and_then_asked_anew(catalog: Catalog) -> None:
    end = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(CatalogUnavailableError), catalog.reading() as connection:
        ask(connection, end)
    with catalog.reading() as connection:
        assert ask(connection, "SELECT 1 AS one") == [{"one": 1}]
