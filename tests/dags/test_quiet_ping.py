"""A connection to PostgreSQL that stands is used without a question, one that was ended is not used."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.dags

Ask = Callable[[], int]


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Provide what came of SQLAlchemy's own questions."""
    from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

    found: list[bool] = []
    ask: Any = PGDialect_psycopg2.do_ping

    def do_ping(self: Any, connection: Any) -> bool:
        found.append(False)
        found[-1] = bool(ask(self, connection))
        return found[-1]

    monkeypatch.setattr(PGDialect_psycopg2, "do_ping", do_ping)
    return found


@pytest.fixture
def ask_for_server(catalog_dsn: str, pings: list[bool]) -> Iterator[Ask]:
    """Provide a way to ask for the process at the other end, as Airflow asks: by a pool of connections."""
    from quiet_ping import ping_without_asking

    ping_without_asking()
    engine = create_engine(
        "postgresql+psycopg2://", creator=lambda: psycopg2.connect(catalog_dsn), pool_pre_ping=True
    )

    def ask() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    yield ask
    engine.dispose()


def test_a_connection_that_stands_is_used_without_a_question(ask_for_server: Ask, pings: list[bool]) -> None:
    assert ask_for_server() == ask_for_server()
    assert pings == []


def test_in_place_of_a_connection_that_the_server_has_ended_a_new_one_is_made(
    ask_for_server: Ask, pings: list[bool], catalog_dsn: str
) -> None:
    first = ask_for_server()
    with psycopg2.connect(catalog_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    connection.close()
    assert ask_for_server() != first
    assert pings == [False]
