"""Where the DIALS server of this machine listens, and how one is started where none does."""

import fcntl
import hashlib
import json
import os
import platform
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli.starter import LAUNCHER

SCRIPTS = Path(__file__).with_name("scripts")
SCRIPT = SCRIPTS / "serve_programs.py"
# What a server has read when it listens; another Beamloop gets another server.
PARTS = ("deferred_packages.py", "installed_programs.py", "launcher_pool.py", "pooled_launcher.py")
READ_BY_SERVER = (SCRIPT, LAUNCHER, *(SCRIPTS / "parts" / name for name in PARTS))
# A collection's next sweep comes within minutes; what is kept meanwhile is 300 MB.
IDLE_S = 600
# What malloc holds lies in huge pages, where the kernel gives them: in the server, of which each fork then
# copies fewer page tables, and in its programs (decision 20).
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
START_PATIENCE_S = 60.0  # a first import of the entry points from a cold network file system


class ServerUnavailableError(Exception):
    """No server answers, and none could be started; the program has not begun."""


@dataclass(frozen=True, slots=True)
class ServerDoor:
    """A folder with one socket for each DIALS and each environment that programs are started in."""

    directory: Path  # Path("/srv/beamloop/runs/.dials-server"); of this user only
    python: Path  # the DIALS Python
    environment: Mapping[str, str]  # what a program sees, as far as it does not differ by request

    def connect(self) -> socket.socket:
        """Connect to the server; start one where none answers.

        Raises
        ------
        ServerUnavailableError
            When that cannot be done on this machine.
        """
        try:
            with self._opened_directory() as folder:
                return self._connection(f"{folder}/{self.name}")
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerUnavailableError(str(error)) from error

    def _connection(self, path: str) -> socket.socket:
        with suppress(FileNotFoundError, ConnectionRefusedError):
            return _connected(path)
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(FileNotFoundError, ConnectionRefusedError):
                return _connected(path)
            with suppress(FileNotFoundError):
                os.unlink(path)  # of a server that was killed
            self._start(path)
        return _connected(path)

    @property
    def name(self) -> str:
        """The socket's name: a server speaks for one machine, one DIALS, one environment, one Beamloop."""
        written_ns = [os.stat(path).st_mtime_ns for path in READ_BY_SERVER]
        said = [str(self.python), sorted(self.environment.items()), written_ns]
        key = hashlib.sha256(json.dumps(said).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return f"{re.sub(r'[^A-Za-z0-9-]', '_', platform.node())[:40]}-{key}"

    @contextmanager
    def _opened_directory(self) -> Iterator[str]:
        """Make the folder and yield a short name of it: a socket's path has 107 bytes at most."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.directory, os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid():
                raise PermissionError(f"{self.directory} is another user's")
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)

    def _start(self, path: str) -> None:
        """Start a server; it listens when this returns."""
        descriptor = int(path.split("/")[4])
        with open(f"{path}.log", "wb") as log:
            subprocess.run(  # noqa: S603 (no shell; the programs' own folder and a socket's name)
                [str(self.python), "-I", str(SCRIPT), path, str(IDLE_S)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **HUGE_PAGES},
                pass_fds=[descriptor],
                timeout=START_PATIENCE_S,
                check=True,
            )


def stop_servers(directory: Path) -> None:
    """End every server of this machine and user that listens in a folder; running programs go on."""
    for path in directory.glob("*"):
        if path.is_socket():
            with suppress(OSError), _connected(str(path)) as connection:
                send_request(connection, {"stop": True})


def send_request(connection: socket.socket, request: Mapping[str, object], log: int | None = None) -> None:
    """Send a request, and with it the open log."""
    body = json.dumps(request).encode("utf-8", "surrogateescape")
    head = len(body).to_bytes(8, "big")
    socket.send_fds(connection, [head], [] if log is None else [log])
    connection.sendall(body)


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection
