"""A pool of connections, transactions, and database faults in Beamloop's words."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosql
import psycopg2
import psycopg2.pool
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from beamloop.errors import CatalogUnavailableError

# Whoever holds a transaction may name its type without knowing the driver.
__all__ = ["QUERIES", "Catalog", "Connection", "Row", "make_dsn", "unavailable"]

CONNECT_TIMEOUT_S = 5
QUERIES = aiosql.from_path(Path(__file__).parent / "queries", "psycopg2")

Row = dict[str, Any]


def unavailable(error: Exception) -> CatalogUnavailableError:
    """Say in our words that the database is away; the driver's words are the evidence."""
    return CatalogUnavailableError(
        "The catalogue (PostgreSQL) does not answer.",
        evidence=" ".join(str(error).split()),
        try_next="`beamloop status` tells whether the database runs; the work is tried again by itself.",
    )


class Catalog:
    """The catalogue's database.

    Parameters
    ----------
    dsn
        A libpq connection string. Holds a password: never logged.
    connections
        How many connections the pool opens at most. A task needs one.
    """

    def __init__(self, dsn: str, *, connections: int = 2) -> None:
        self._dsn = dsn
        self._connections = connections

    @cached_property
    def _pool(self) -> psycopg2.pool.ThreadedConnectionPool:
        return psycopg2.pool.ThreadedConnectionPool(
            1,
            self._connections,
            self._dsn,
            cursor_factory=RealDictCursor,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="beamloop",
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection; commit at the end, roll back when an exception passes.

        Raises
        ------
        CatalogUnavailableError
            When the database does not answer or ends the connection.
        """
        with self._lent() as connection, connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection for questions, each a transaction of its own.

        A transaction of questions sees what others commit between them all the same, and costs two
        statements more.

        Raises
        ------
        CatalogUnavailableError
            When the database does not answer or ends the connection.
        """
        with self._lent() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.autocommit = False

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        try:
            connection = self._lend()
        except psycopg2.OperationalError as error:
            raise unavailable(error) from error
        lost = True
        try:
            yield connection
            lost = False
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise unavailable(error) from error
        except BaseException:
            lost = False
            raise
        finally:
            self._pool.putconn(connection, close=lost or bool(connection.closed))

    def _lend(self) -> Connection:
        """Take a connection that was not ended while it lay idle, as all are when a server is restarted."""
        while True:
            connection = self._pool.getconn()
            talk = select.poll()
            talk.register(connection, select.POLLIN)
            # Between transactions a server says nothing but farewell.
            if not talk.poll(0):
                return connection
            self._pool.putconn(connection, close=True)

    def close(self) -> None:
        """Close every connection."""
        if "_pool" in self.__dict__:
            self._pool.closeall()
            del self.__dict__["_pool"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_dsn(*, host: str, port: int | None, database: str, user: str, password: str) -> str:
    """Return a libpq connection string of its parts; empty ones are left to libpq."""
    parts = {"host": host, "port": str(port or ""), "dbname": database, "user": user, "password": password}
    return psycopg2.extensions.make_dsn(**{name: value for name, value in parts.items() if value})
