"""See without a question whether a connection to PostgreSQL still stands.

Before each transaction SQLAlchemy asks `SELECT 1`, a sixth of all statements of an Airflow at rest. A server
that has ended a connection has said so on it, as all do that are stopped; one that has vanished without a
word does not answer the question either.
"""

import select
from typing import Any


def ping_without_asking() -> None:
    """Ask only where the server has said something since the last transaction."""
    from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

    ask: Any = PGDialect_psycopg2.do_ping

    def do_ping(self: Any, dbapi_connection: Any) -> bool:
        talk = select.poll()
        talk.register(dbapi_connection, select.POLLIN)
        return ask(self, dbapi_connection) if talk.poll(0) else True

    PGDialect_psycopg2.do_ping = do_ping  # type: ignore[method-assign]
