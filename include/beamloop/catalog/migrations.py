"""Bring the catalogue's schema up to date: numbered SQL files, each applied once."""

import hashlib
from importlib.resources import files

import psycopg2
from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import CONNECT_TIMEOUT_S, unavailable
from beamloop.errors import PermanentError

# Any fixed number will do, as long as nothing else in this database locks on it.
MIGRATION_LOCK = 0x6265616D
LEDGER = """
CREATE SCHEMA IF NOT EXISTS beamloop;
CREATE TABLE IF NOT EXISTS beamloop.schema_migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


def migration_files() -> dict[str, str]:
    """Return the text of each migration by its name, in the order in which they apply."""
    folder = files("beamloop.catalog").joinpath("migration_files")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return {entry.name: entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)}


def migrate(dsn: str) -> list[str]:
    """Apply the migrations that the database has not seen; all of them, or none.

    Several processes may call this at once: they wait for each other on an advisory lock, which ends
    with its connection, so a killed process leaves none behind.

    Parameters
    ----------
    dsn
        A libpq connection string of a role that may create a schema.

    Returns
    -------
    list of str
        Names of the files applied now, e.g. ["0001_sweep_stage.sql"]; empty when up to date.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    PermanentError
        When an applied file has changed since, or the database is newer than this code.
    """
    try:
        connection = psycopg2.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, application_name="beamloop")
    except psycopg2.OperationalError as error:
        raise unavailable(error) from error
    try:
        with connection:
            return _apply_missing(connection)
    finally:
        connection.close()


def _apply_missing(connection: Connection) -> list[str]:
    migrations = migration_files()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        cursor.execute(LEDGER)
        cursor.execute("SELECT name, sha256 FROM beamloop.schema_migrations")
        applied: dict[str, str] = dict(cursor.fetchall())
        _refuse_strangers(applied, migrations)
        missing = [name for name in migrations if name not in applied]
        for name in missing:
            cursor.execute(migrations[name])
            cursor.execute(
                "INSERT INTO beamloop.schema_migrations (name, sha256) VALUES (%s, %s)",
                (name, _sha256(migrations[name])),
            )
    return missing


def _refuse_strangers(applied: dict[str, str], migrations: dict[str, str]) -> None:
    for name, sha256 in applied.items():
        if name not in migrations:
            raise PermanentError(
                f"The catalogue has the migration {name}, which this Beamloop does not know.",
                try_next="Use the newer Beamloop that applied it.",
            )
        if sha256 != _sha256(migrations[name]):
            raise PermanentError(
                f"The migration {name} was changed after it had been applied.",
                try_next="Restore the file as released; changes of the schema go into a new file.",
            )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
