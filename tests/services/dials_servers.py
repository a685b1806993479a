"""The processes of a DIALS server, as the machine lists them."""

import time
from contextlib import suppress
from pathlib import Path

import psutil

from beamloop.dials_cli.forking_starter import ForkingStarter

SOON_S = 10.0  # the server looks around once a second; the rest is for a busy machine


def servers(starter: ForkingStarter) -> list[psutil.Process]:
    """Return the servers of a test: those that are nobody's launcher or program."""
    found: dict[int, psutil.Process] = {}
    parents: dict[int, int] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[:1] == [str(starter.python)]:
                parents[process.pid], found[process.pid] = process.ppid(), process
    return [process for pid, process in found.items() if parents[pid] not in found]


def launchers(starter: ForkingStarter) -> list[psutil.Process]:
    """Return the launchers of the only server."""
    (server,) = servers(starter)
    return [child for child in server.children() if child.status() != psutil.STATUS_ZOMBIE]


def wait_until_gone(*processes: psutil.Process) -> None:
    """Wait until processes have ended."""
    _, alive = psutil.wait_procs(processes, timeout=SOON_S)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + SOON_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was never written"
        time.sleep(0.01)
