"""Roles and databases of a stack."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor, make_dsn

from beamloop.errors import TransientError
from beamloop.local_stack.ports import HOST
from beamloop.local_stack.postgres_cluster import SUPERUSER

AIRFLOW = "airflow"  # role and database of Airflow's metadata
CATALOG = "beamloop"  # role and database of the catalogue
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A PostgreSQL server and the login of its superuser."""

    port: int  # 5432
    superuser_password: str = field(repr=False)
    host: str = HOST


def database_dsn(
    database: str, port: int, password: str, *, role: str | None = None, host: str = HOST
) -> str:
    """Write the libpq connection string of a database of the stack; the role is called as the database."""
    return make_dsn(host=host, port=port, dbname=database, user=role or database, password=password)


def _connect(server: DatabaseServer) -> connection:
    dsn = database_dsn("postgres", server.port, server.superuser_password, role=SUPERUSER, host=server.host)
    superuser = psycopg2.connect(dsn, connect_timeout=5)
    superuser.autocommit = True  # CREATE DATABASE does not run inside a transaction
    return superuser


def wait_for_server(
    server: DatabaseServer, *, still_hopeful: Callable[[], None], time_limit_s: float = 60
) -> None:
    """Wait until PostgreSQL lets the superuser in.

    Parameters
    ----------
    server
        Where it listens.
    still_hopeful
        Called between attempts; raises when the wait makes no sense any more.
    time_limit_s
        Longest wait; recovery after a crash comes first and can take a while.

    Raises
    ------
    TransientError
        When it does not answer in time.
    """
    deadline = time.monotonic() + time_limit_s
    while True:
        try:
            _connect(server).close()
            return
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                raise TransientError(
                    f"PostgreSQL did not answer within {time_limit_s:.0f} s.",
                    evidence=str(error).strip(),
                    try_next="Its own log says why: postgres.log, or `docker compose logs postgres`.",
                ) from error
        still_hopeful()
        time.sleep(POLL_S)


def ensure_databases(server: DatabaseServer, *, airflow_password: str, catalog_password: str) -> None:
    """Create the roles and databases that are missing, and set the roles' passwords to the stack's."""
    superuser = _connect(server)
    try:
        with superuser.cursor() as statements:
            _ensure_database(statements, AIRFLOW, airflow_password)
            _ensure_database(statements, CATALOG, catalog_password)
    finally:
        superuser.close()


def _ensure_database(statements: cursor, name: str, password: str) -> None:
    statements.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
    verb = sql.SQL("CREATE" if statements.fetchone() is None else "ALTER")
    statements.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(name), sql.Literal(password))
    )
    statements.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    if statements.fetchone() is None:
        statements.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
