"""Fixtures that several tiers share, and the markers that every test must have."""

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
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Provide a PostgreSQL cluster for the whole session."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    # The user postgres must be able to enter.
    for place in (folder, *folder.parents):
        if place.owner() == Path.home().owner() and place.stat().st_mode & 0o077 == 0:
            place.chmod(0o711)
    with running_postgres(folder) as server:
        yield server


@pytest.fixture
def catalog_dsn(postgres: PostgresServer) -> Iterator[str]:
    """Provide a migrated catalogue of the test's own."""
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.dsn(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
