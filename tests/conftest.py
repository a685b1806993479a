"""Fixtures that several tiers share, and the markers that every test must have."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.services.postgres_server import TEMPLATE, PostgresServer, running_postgres

TIERS = {"unit", "dags", "integration", "dials", "browser", "end_to_end"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test without a tier."""
    homeless = [item.nodeid for item in items if not TIERS & {mark.name for mark in item.iter_markers()}]
    if homeless:
        raise pytest.UsageError(f"Tests without a tier's marker: {', '.join(homeless[:5])}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Provide a PostgreSQL cluster for the whole session."""
    # Not pytest's own temporary folder: the user postgres must be able to enter, and pytest closes that.
    with tempfile.TemporaryDirectory(prefix="beamloop-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder) / "state") as server:
            yield server


@pytest.fixture
def catalog_dsn(postgres: PostgresServer) -> Iterator[str]:
    """Provide a migrated catalogue of the test's own."""
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.dsn(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
