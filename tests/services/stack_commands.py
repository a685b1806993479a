"""Call `beamloop up`, `down` and `status` as a person does, and see every process that they leave behind."""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
BEAMLOOP = Path(sys.executable).parent / "beamloop"


@dataclass(frozen=True, slots=True)
class StackCommands:
    """The commands for one state directory."""

    state: Path
    environment: dict[str, str]

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [BEAMLOOP, *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command; its two outputs come in one pipe."""
        return subprocess.Popen(
            [BEAMLOOP, *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        """Return the document of `beamloop status --json`."""
        document: dict[str, Any] = json.loads(self.call("status", "--json").stdout)
        return document

    def pids(self) -> dict[str, int | None]:
        """Return the process id of each component."""
        return {component["name"]: component["pid"] for component in self.status()["components"]}


def adopt_orphans() -> None:
    """Become the parent of every process whose own parent has ended, so that none hides from a test."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def living_descendants() -> set[psutil.Process]:
    """Return the processes below this one; the ended ones are collected."""
    living = set()
    for process in psutil.Process().children(recursive=True):
        if process.status() == psutil.STATUS_ZOMBIE and process.ppid() == os.getpid():
            os.waitpid(process.pid, os.WNOHANG)
        elif process.is_running():
            living.add(process)
    return living


def wait_until(holds: Callable[[], bool], time_limit_s: float) -> bool:
    """Ask until the answer is yes; say whether it came in time."""
    deadline = time.monotonic() + time_limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@contextmanager
def stack_folder(name: str, dags: Path) -> Iterator[StackCommands]:
    """Provide a state directory that the user `postgres` can enter, and stop its stack in the end."""
    with tempfile.TemporaryDirectory(prefix="stack-") as folder:
        Path(folder).chmod(0o711)
        environment = {
            variable: value for variable, value in os.environ.items() if not variable.startswith("BEAMLOOP_")
        }
        state = Path(folder) / name
        commands = StackCommands(
            state, environment | {"BEAMLOOP_STATE": str(state), "BEAMLOOP_DAGS": str(dags)}
        )
        try:
            yield commands
        finally:
            commands.call("down")
