"""A PostgreSQL cluster of the tests' own, and a fresh database from a migrated template for each test."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from beamloop.catalog.migrations import migrate
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import choose_ports
from beamloop.local_stack.postgres_binaries import PostgresBinaries, find_postgres
from beamloop.local_stack.postgres_cluster import (
    SUPERUSER,
    create_cluster,
    operating_system_user,
    server_argv,
)
from beamloop.local_stack.postgres_databases import DatabaseServer, database_dsn, wait_for_server
from beamloop.local_stack.stack_secrets import StackSecrets, load_or_create_secrets

TEMPLATE = "migrated_template"


class _Cluster:
    """The server's process."""

    def __init__(self, layout: StackLayout, binaries: PostgresBinaries, port: int, password: str) -> None:
        # setpriv: the server dies with the tests, even when those are killed.
        self._argv = ["setpriv", "--pdeathsig=INT", *server_argv(layout, binaries, port)]
        self._log = layout.logs / "postgres.log"
        self._server = DatabaseServer(port, password)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                stdout=log,
                stderr=log,
                user=operating_system_user(),
                cwd="/",
                start_new_session=True,
            )
        wait_for_server(self._server, still_hopeful=self._hope)

    def _hope(self) -> None:
        if self._process.poll() is not None:
            raise RuntimeError(self._log.read_text())

    def end(self, how: signal.Signals) -> None:
        """End the server: SIGTERM when its clients have gone, SIGQUIT at once, as if it had crashed."""
        self._process.send_signal(how)
        self._process.wait(20)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running cluster."""

    port: int
    secrets: StackSecrets
    bin_directory: Path
    cluster: _Cluster

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
    def stopped(self) -> Iterator[None]:
        """Have no server for as long as the block lasts: it goes at once, with all connections."""
        self.cluster.end(signal.SIGQUIT)
        yield
        self.cluster.start()


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Start a cluster in an empty folder; it ends with the block, or with this process."""
    layout = StackLayout(project=folder, state=folder)
    layout.logs.mkdir(parents=True)
    secrets = load_or_create_secrets(layout)
    binaries = find_postgres()
    create_cluster(layout, binaries, secrets.postgres_password)
    port = choose_ports(layout).postgres
    cluster = _Cluster(layout, binaries, port, secrets.postgres_password)
    cluster.start()
    try:
        running = PostgresServer(port, secrets, binaries.folder, cluster)
        running.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(running.dsn(TEMPLATE))
        yield running
    finally:
        cluster.end(signal.SIGTERM)
