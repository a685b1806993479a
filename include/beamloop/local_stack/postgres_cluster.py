"""The PostgreSQL cluster of a local stack: created whole or not at all."""

import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.local_stack.commands import run_to_end
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import HOST
from beamloop.local_stack.postgres_binaries import PostgresBinaries

SUPERUSER = "postgres"  # the database role, whatever the operating system's user is called
# Where a cluster of root's goes when the user `postgres` cannot reach the state directory, as below /root.
SYSTEM_PLACE = Path("/var/lib/beamloop")
# PostgreSQL gets nothing of the caller's environment: PGDATA, PGPORT and the like would mislead it.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def operating_system_user() -> str | None:
    """Say as which user PostgreSQL runs: None for oneself; `postgres` for root, which PostgreSQL refuses.

    Raises
    ------
    InvalidInputError
        For root, when there is no user `postgres`.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise InvalidInputError(
            "PostgreSQL does not run as root, and this machine has no user `postgres`.",
            try_next="Install PostgreSQL from the distribution, or start Beamloop as an ordinary user.",
        ) from error


def cluster_major(layout: StackLayout) -> int | None:
    """Say which major version made the stack's cluster; None when there is no cluster."""
    try:
        return int((layout.cluster / "PG_VERSION").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _can_enter(user: str, folder: Path) -> bool:
    """Say whether `user` can pass through `folder`: asked of the kernel, which knows of access lists."""
    answer = subprocess.run(  # noqa: S603 - argv list, no shell
        ["/usr/bin/test", "-x", folder], user=user, group=user, extra_groups=[], cwd="/", check=False
    )
    return answer.returncode == 0


def _make_place(layout: StackLayout, user: str | None) -> None:
    """Make the folder `postgres` of the state directory, where its owner can reach it."""
    if not layout.postgres.is_dir():
        layout.postgres.unlink(missing_ok=True)  # a link whose end was deleted
        if user is None or _can_enter(user, layout.state):
            layout.postgres.mkdir(mode=0o700)
        else:
            place = SYSTEM_PLACE / f"postgres-{secrets.token_hex(8)}"
            SYSTEM_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
            place.mkdir(mode=0o700)
            layout.postgres.symlink_to(place, target_is_directory=True)
    if user is not None:  # also a folder that an interrupted call made
        shutil.chown(layout.postgres, user, user)


def create_cluster(layout: StackLayout, binaries: PostgresBinaries, superuser_password: str) -> None:
    """Create the cluster if there is none: made beside its place, then renamed.

    What an interrupted call left is deleted first: it never held data.

    Raises
    ------
    PermanentError
        When `initdb` fails; its words are the evidence.
    """
    if cluster_major(layout) is not None:
        return
    user = operating_system_user()
    _make_place(layout, user)
    staging = layout.cluster.with_name("data.new")
    password_file = layout.cluster.with_name("initdb-password")
    for leftover in (staging, layout.cluster):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        password_file.touch(mode=0o600)
        password_file.write_text(superuser_password, encoding="ascii")
        if user is not None:
            shutil.chown(password_file, user, user)
        run_to_end(
            "Creating the PostgreSQL cluster",
            _initdb_argv(binaries, staging, password_file),
            log=layout.logs / "initdb.log",
            environment=ENVIRONMENT,
            user=user,
        )
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        password_file.unlink(missing_ok=True)
    staging.rename(layout.cluster)


def _initdb_argv(binaries: PostgresBinaries, data: Path, password_file: Path) -> list[str | Path]:
    return [
        binaries.folder / "initdb",
        "--pgdata",
        data,
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",  # there on every machine, and sorts alike on all of them
        "--no-instructions",
    ]


def server_argv(layout: StackLayout, binaries: PostgresBinaries, port: int) -> list[str]:
    """Say how the server is started; all its settings are here, none in the cluster's files."""
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        # TCP only: a socket's path has room for 107 bytes, a state directory's may be longer.
        "unix_socket_directories": "",
        # 16 tasks with a catalogue connection or two each, and four Airflow processes with up to 30.
        "max_connections": "250",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    words = [str(binaries.folder / "postgres"), "-D", str(layout.cluster)]
    return words + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
