"""Roles and databases of a local stack."""

import time
from collections.abc import Callable

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor, make_dsn

from beamloop.errors import TransientError
from beamloop.local_stack.ports import HOST
from beamloop.local_stack.postgres_cluster import SUPERUSER
from beamloop.local_stack.stack_secrets import StackSecrets

AIRFLOW = "airflow"  # role and database of Airflow's metadata
CATALOG = "beamloop"  # role and database of the catalogue
POLL_S = 0.05


def database_dsn(database: str, port: int, password: str, *, role: str | None = None) -> str:
    """Write the libpq connection string of a database of the stack; the role is called as the database."""
    return make_dsn(host=HOST, port=port, dbname=database, user=role or database, password=password)


def _connect(database: str, port: int, secrets: StackSecrets) -> connection:
    dsn = database_dsn(database, port, secrets.postgres_password, role=SUPERUSER)
    superuser = psycopg2.connect(dsn, connect_timeout=5)
    superuser.autocommit = True  # CREATE DATABASE does not run inside a transaction
    return superuser


def wait_for_server(
    port: int, secrets: StackSecrets, *, still_hopeful: Callable[[], None], time_limit_s: float = 60
) -> None:
    """Wait until PostgreSQL lets the superuser in.

    Parameters
    ----------
    port
        Where it listens.
    secrets
        The superuser's password.
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
            _connect("postgres", port, secrets).close()
            return
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                raise TransientError(
                    f"PostgreSQL did not answer within {time_limit_s:.0f} s.", evidence=str(error).strip()
                ) from error
        still_hopeful()
        time.sleep(POLL_S)


def ensure_databases(port: int, secrets: StackSecrets) -> None:
    """Create the roles and databases that are missing, and set the roles' passwords to the stack's."""
    superuser = _connect("postgres", port, secrets)
    try:
        with superuser.cursor() as statements:
            _ensure_database(statements, AIRFLOW, secrets.airflow_database_password)
            _ensure_database(statements, CATALOG, secrets.catalog_password)
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
