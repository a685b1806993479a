"""A deployment of docker/'s compose files in a Docker engine, and ways to use it as its operator does."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).parents[2]
# Generous: a machine may be busy with other work. What takes longer has gone wrong.
PATIENCE_S = 600.0
POLL_S = 2.0
NAME = "beamloop-trial"
PORT = 8089
# A volume's files with what Swift keeps beside them; MinIO has nothing there.
TAR = ("tar", "--xattrs", "--xattrs-include=user.*", "--directory=/data")
BEAMLINE_FILE = """\
beamline: hutch
roots: [{images}/hutch]
quiet_s: 2
settings: [index.indexing.method=fft1d]
samples:
  - {{match: "*", space_group: H 3, unit_cell: "98.3,98.3,136.6,90,90,120"}}
"""


@dataclass
class Deployment:
    """One deployment and where its folders are."""

    docker: str  # "docker", or a program that is called like it
    folder: Path
    access_key: str  # of the S3 server
    image: str = "beamloop-trial"
    files: tuple[str, ...] = ("compose.yaml",)

    @property
    def hutch(self) -> Path:
        """Where the beamline writes its collections."""
        return self.folder / "images" / "hutch"

    @property
    def url(self) -> str:
        """The address of Airflow's pages."""
        return f"http://127.0.0.1:{PORT}"

    def prepare_folders(self) -> None:
        """Make what an operator makes before the first start."""
        self.hutch.mkdir(parents=True, exist_ok=True)
        # The services' user reads here, whatever the caller's umask is.
        for place in (self.folder, self.hutch.parent, self.hutch):
            place.chmod(0o755)
        beamlines = self.folder / "beamlines"
        beamlines.mkdir(exist_ok=True)
        (beamlines / "hutch.yaml").write_text(BEAMLINE_FILE.format(images=self.folder / "images"))
        secrets = ["sh", str(PROJECT / "docker/make_secrets"), str(self.folder / "secrets")]
        subprocess.run(secrets, check=True, stdout=subprocess.DEVNULL)

    def engine(self, *arguments: str, **options: Any) -> str:
        """Ask the engine; return what it writes."""
        answer: subprocess.CompletedProcess[str] = subprocess.run(
            [self.docker, *arguments],
            env=os.environ | self._variables(),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            **options,
        )
        return answer.stdout

    def compose(self, *arguments: str, **options: Any) -> str:
        """Give a command to the compose files."""
        files = [word for name in self.files for word in ("--file", f"docker/{name}")]
        return self.engine("compose", *files, *arguments, **options)

    def execute(self, service: str, *argv: str, **options: Any) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "--no-TTY", service, *argv, **options)

    def up(self, *options: str) -> None:
        """Start what does not run, and wait until all is well."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "600", *options)

    def states(self) -> dict[str, str]:
        """Return each container's health, or how it stands; "worker-2" is the second of its kind."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        rows = [json.loads(line) for line in lines]
        names = [row["Name"].removeprefix(f"{NAME}-").removesuffix("-1") for row in rows]
        told = [row["Health"] or f"{row['State']} {row['ExitCode']}" for row in rows]
        return dict(zip(names, told, strict=True))

    def kill(self, service: str, number: int = 1) -> None:
        """Kill a container as a crash would, as root; the engine's own `kill` counts as somebody's wish."""
        container = f"{NAME}-{service}-{number}"
        os.kill(int(self.engine("inspect", "--format", "{{.State.Pid}}", container)), signal.SIGKILL)

    def show(self, collection: str, service: str = "scheduler") -> list[dict[str, Any]]:
        """Return the results of a collection's sweeps, by the command line in a container."""
        answer = self.execute(service, "beamloop", "show", str(self.hutch / collection), "--json")
        sweeps: list[dict[str, Any]] = json.loads(answer)["sweeps"]
        return sweeps

    def ask(self, query: str) -> list[list[str]]:
        """Ask the catalogue."""
        psql = ("psql", "--username=postgres", "--dbname=beamloop", "-At", f"--command={query}")
        return [line.split("|") for line in self.execute("postgres", *psql).splitlines()]

    def is_done(self, collection: str) -> bool:
        """Whether both sweeps have an outcome."""
        return self._count(collection, "beamloop.outcomes") == 2

    def is_at_work(self, collection: str) -> bool:
        """Whether a DIALS program has been started."""
        return self._count(collection, "beamloop.program_starts") > 0

    def is_asked_for(self, collection: str) -> bool:
        """Whether the collection's sweeps have runs."""
        return self._count(collection, "(SELECT run_id FROM beamloop.runs) AS asked") == 2

    def _count(self, collection: str, table: str) -> int:
        ((count,),) = self.ask(
            f"SELECT count(DISTINCT run_id) FROM {table} JOIN beamloop.runs USING (run_id)"  # noqa: S608
            " JOIN beamloop.sweeps USING (sweep_id) JOIN beamloop.collections c USING (collection_id)"
            f" WHERE c.directory = '{self.hutch / collection}'"
        )
        return int(count)

    def get(self, path: str) -> httpx.Response:
        """Ask for a page, as admin."""
        token = self.log_in(self.secret("password_admin")).raise_for_status().json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=60).raise_for_status()

    def log_in(self, password: str) -> httpx.Response:
        """Log in to Airflow as admin."""
        return httpx.post(f"{self.url}/auth/token", json={"username": "admin", "password": password})

    def secret(self, name: str) -> str:
        """Read a secret."""
        return (self.folder / "secrets" / name).read_text()

    def _variables(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": NAME,
            "BEAMLOOP_IMAGE": self.image,
            "BEAMLOOP_IMAGES": str(self.folder / "images"),
            "BEAMLOOP_BEAMLINES": str(self.folder / "beamlines"),
            "BEAMLOOP_SECRETS": str(self.folder / "secrets"),
            "BEAMLOOP_S3_ACCESS_KEY": self.access_key,
            "BEAMLOOP_DIALS_SLOTS": "2",
            "BEAMLOOP_CPUS": "2",
            "BEAMLOOP_MEMORY": "8g",
            "BEAMLOOP_PORT": str(PORT),
        }


@dataclass(frozen=True)
class Kept:
    """A backup, as docs/operations.md tells to make one."""

    dump: str

    @classmethod
    def of(cls, deployment: Deployment) -> "Kept":
        """Back up: the databases first, for the store is only added to."""
        dump = deployment.execute("postgres", "pg_dumpall", "--username=postgres")
        volumes = ("--volume", f"{NAME}_artifacts:/data:ro", "--volume", f"{deployment.folder}:/kept")
        copy = (*TAR, "--create", "--file=/kept/artifacts.tar", ".")
        deployment.engine("run", "--rm", *volumes, "debian:12-slim", *copy)
        return cls(dump)

    def restore(self, deployment: Deployment) -> None:
        """Bring everything back into empty volumes."""
        deployment.compose("up", "--detach", "--wait", "postgres")
        deployment.execute("postgres", "psql", "--username=postgres", "--quiet", input=self.dump)
        deployment.compose("create", "store")
        volumes = ("--volume", f"{NAME}_artifacts:/data", "--volume", f"{deployment.folder}:/kept:ro")
        copy = (*TAR, "--extract", "--file=/kept/artifacts.tar")
        deployment.engine("run", "--rm", *volumes, "debian:12-slim", *copy)


def deliver(directory: Path) -> None:
    """Write two sweeps as a beamline does; the same images each time."""
    beamloop = str(PROJECT / ".venv/bin/beamloop")
    subprocess.run(
        [beamloop, "simulate", "tiny2", str(directory), "--json"], check=True, stdout=subprocess.DEVNULL
    )


def wait_for(wanted: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline, f"{what}: not after {PATIENCE_S:.0f} s"
        time.sleep(POLL_S)
