"""End a stack when whoever holds the other end of standard input is gone, however it went.

A test session may be killed at any instant, and then no fixture is left to stop what it has started:

    python keeper.py BEAMLOOP FOLDER < pipe

calls `BEAMLOOP down` in its own environment when the pipe ends, ends the commands that still follow this
stack, unmounts what is mounted below FOLDER, and removes FOLDER.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil


def mounted_below(folder: str) -> list[str]:
    """Return the places below a folder at which something is mounted."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]


def followers(state: str) -> Iterator[psutil.Process]:
    """Yield the other processes whose environment names this stack."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("BEAMLOOP_STATE") == state:
                yield process


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the tests, which then let go of the pipe
    program, folder = sys.argv[1:]
    sys.stdin.read()
    subprocess.run([program, "down"], stdout=subprocess.DEVNULL, check=False)
    for follower in followers(os.environ["BEAMLOOP_STATE"]):
        with suppress(psutil.NoSuchProcess):
            follower.kill()
    for place in mounted_below(folder):
        subprocess.run(["umount", "--lazy", place], check=False)
    shutil.rmtree(folder, ignore_errors=True)
