"""A PostgreSQL cluster of the tests' own, and a fresh database from a migrated template for each test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from beamloop.catalog.migrations import migrate
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import choose_ports
from beamloop.local_stack.postgres_binaries import find_postgres
from beamloop.local_stack.postgres_cluster import (
    SUPERUSER,
    create_cluster,
    operating_system_user,
    server_argv,
)
from beamloop.local_stack.postgres_databases import DatabaseServer, database_dsn, wait_for_server
from beamloop.local_stack.stack_secrets import StackSecrets, load_or_create_secrets

TEMPLATE = "migrated_template"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running cluster."""

    port: int
    secrets: StackSecrets
    bin_directory: Path

    def dsn(self, database: str) -> str:
        """Connection string of the superuser."""
        return database_dsn(database, self.port, self.secrets.postgres_password, role=SUPERUSER)

    def execute(self, statement: str) -> None:
        """Run one statement outside of a transaction."""
        connection = psycopg2.connect(self.dsn("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Start a cluster in an empty folder; it ends with the block, or with this process."""
    layout = StackLayout(project=folder, state=folder)
    layout.logs.mkdir(parents=True)
    secrets = load_or_create_secrets(layout)
    binaries = find_postgres()
    create_cluster(layout, binaries, secrets.postgres_password)
    ports = choose_ports(layout)
    # setpriv: the server dies with the tests, even when those are killed.
    argv = ["setpriv", "--pdeathsig=INT", *server_argv(layout, binaries, ports.postgres)]
    with (layout.logs / "postgres.log").open("wb") as log:
        server = subprocess.Popen(
            argv, stdout=log, stderr=log, user=operating_system_user(), cwd="/", start_new_session=True
        )

    def still_hopeful() -> None:
        if server.poll() is not None:
            raise RuntimeError((layout.logs / "postgres.log").read_text())

    try:
        wait_for_server(
            DatabaseServer(ports.postgres, secrets.postgres_password), still_hopeful=still_hopeful
        )
        running = PostgresServer(ports.postgres, secrets, binaries.folder)
        running.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(running.dsn(TEMPLATE))
        yield running
    finally:
        server.terminate()
        server.wait(20)
