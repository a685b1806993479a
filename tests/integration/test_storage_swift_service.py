"""The tests' own S3 server must not outlive them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

TEST_RUN = """
import sys, time
from pathlib import Path
from tests.services.running_swift import running_swift
with running_swift(Path(sys.argv[1])):
    print("started", flush=True)
    time.sleep(60)
"""


def start_test_run(directory: Path) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """Start Swift from another Python; return that and the Swift processes."""
    argv = [sys.executable, "-c", TEST_RUN, str(directory)]
    run = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert run.stdout is not None
    assert run.stdout.readline() == "started\n"
    run.stdout.close()
    return run, psutil.Process(run.pid).children(recursive=True)


def require_gone(servers: list[psutil.Process]) -> None:
    # Seconds to be killed by the kernel and reaped by process 1; a zombie serves nobody.
    deadline = time.monotonic() + 10
    while alive := [each for each in servers if each.is_running() and each.status() != "zombie"]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.05)


def test_swift_ends_when_the_test_run_is_killed(tmp_path: Path) -> None:
    run, servers = start_test_run(tmp_path)
    assert len(servers) == 4
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    require_gone(servers)
