"""Fixtures that several tiers share, and the markers that every test must have."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.services.postgres_server import TEMPLATE, PostgresServer, running_postgres

TIERS = {"unit", "dags", "integration", "dials", "browser", "end_to_end"}


def pytest_configure() -> None:
    """Let the programs that tests start and interrupt hear it, also below nohup or a shell's `&`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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


@contextmanager
def fresh_catalogue(postgres: PostgresServer) -> Iterator[str]:
    """Make a migrated catalogue; it goes with the block."""
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.dsn(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def catalog_dsn(postgres: PostgresServer) -> Iterator[str]:
    """Provide a migrated catalogue of the test's own."""
    with fresh_catalogue(postgres) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def module_catalog_dsn(postgres: PostgresServer) -> Iterator[str]:
    """Provide a migrated catalogue that the tests of a module share."""
    with fresh_catalogue(postgres) as dsn:
        yield dsn
