"""The schema of the catalogue, as operators upgrade it."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import psycopg2
import pytest
from tests.services.postgres_server import PostgresServer

from beamloop.catalog import migrations
from beamloop.errors import CatalogUnavailableError, PermanentError

pytestmark = pytest.mark.integration


@pytest.fixture
def empty_dsn(postgres: PostgresServer) -> str:
    postgres.execute("DROP DATABASE IF EXISTS empty_one WITH (FORCE)")
    postgres.execute("CREATE DATABASE empty_one")
    return postgres.dsn("empty_one")


def dump(postgres: PostgresServer, dsn: str) -> str:
    argv = [str(postgres.bin_directory / "pg_dump"), "--schema-only", "--no-owner", f"--dbname={dsn}"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(("--", "\\")))


def test_the_migrations_make_exactly_the_schema_that_is_written_down(
    postgres: PostgresServer, empty_dsn: str, catalog_dsn: str
) -> None:
    schema = files("beamloop.catalog").joinpath("schema.sql").read_text("utf-8")
    with psycopg2.connect(empty_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(schema)
    connection.close()
    assert dump(postgres, empty_dsn) == dump(postgres, catalog_dsn)


def test_a_second_migration_changes_nothing(empty_dsn: str) -> None:
    assert migrations.migrate(empty_dsn) == sorted(migrations.migration_files())
    assert migrations.migrate(empty_dsn) == []


def test_many_migrations_at_once_apply_each_file_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(migrations.migrate, [empty_dsn] * 8))
    assert sorted(name for names in applied for name in names) == sorted(migrations.migration_files())


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    postgres: PostgresServer, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {**migrations.migration_files(), "9999_broken.sql": "CREATE TABLE beamloop.x (y nonsense);"}
    before = dump(postgres, empty_dsn)
    monkeypatch.setattr(migrations, "migration_files", lambda: broken)
    with pytest.raises(psycopg2.Error, match="nonsense"):
        migrations.migrate(empty_dsn)
    assert dump(postgres, empty_dsn) == before


def test_a_changed_migration_is_refused_by_name(catalog_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {name: text + "\n-- changed" for name, text in migrations.migration_files().items()}
    monkeypatch.setattr(migrations, "migration_files", lambda: changed)
    with pytest.raises(PermanentError, match="was changed"):
        migrations.migrate(catalog_dsn)


def test_a_catalogue_of_a_newer_beamloop_is_refused(
    catalog_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "migration_files", dict)
    with pytest.raises(PermanentError, match="does not know"):
        migrations.migrate(catalog_dsn)


def test_a_database_that_is_away_is_a_transient_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogUnavailableError, match="does not answer"):
        migrations.migrate(f"host={tmp_path} dbname=beamloop")
