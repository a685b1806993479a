"""Airflow's own tables: created or migrated once per Airflow version, which costs several seconds."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psycopg2
from psycopg2 import sql

from beamloop.local_stack.commands import run_to_end
from beamloop.local_stack.postgres_databases import AIRFLOW


def ensure_airflow_tables(dsn: str, *, environment: Mapping[str, str], log: Path) -> bool:
    """Run `airflow db migrate` unless this Airflow version did so before.

    The proof is a comment on the database, set after the migration: it lives and dies with the data it
    speaks of, and reading it costs a millisecond, where asking Airflow costs seconds of imports.

    Parameters
    ----------
    dsn
        Airflow's database, as its owner.
    environment
        Environment of Airflow's programs.
    log
        Gets the migration's output.

    Returns
    -------
    bool
        Whether a migration was needed.

    Raises
    ------
    PermanentError
        When the migration fails.
    """
    wanted = f"migrated by Airflow {version('apache-airflow')}"
    if _comment(dsn) == wanted:
        return False
    _remove_half_made_tables(dsn)
    run_to_end(
        "Creating Airflow's tables",
        [sys.executable, "-m", "airflow", "db", "migrate"],
        log=log,
        environment=environment,
    )
    _execute(
        dsn, sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(AIRFLOW), sql.Literal(wanted))
    )
    return True


def _comment(dsn: str) -> str | None:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            )
            row = cursor.fetchone()
    finally:
        connection.close()
    return row[0] if row else None


def _remove_half_made_tables(dsn: str) -> None:
    """Empty the database unless Airflow wrote its version: it does so as the last act of a first creation."""
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
            row = cursor.fetchone()
            if row and not row[0]:
                cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    finally:
        connection.close()


def _execute(dsn: str, statement: sql.Composable) -> None:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
