"""Helper programs of the local stack: run to their end, or ended with all that they started."""

import time
from pathlib import Path

import psutil
import pytest

from beamloop.errors import PermanentError
from beamloop.local_stack.commands import run_to_end

pytestmark = pytest.mark.unit

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
LONG_ENOUGH_S = 30.0


def test_a_helper_that_fails_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("what an earlier run wrote")
    with pytest.raises(PermanentError, match="Looking failed with exit code") as caught:
        run_to_end("Looking", ["ls", tmp_path / "nothing here"], log=log, environment=ENVIRONMENT)
    assert "nothing here" in caught.value.evidence
    assert "earlier" not in caught.value.evidence
    assert caught.value.try_next


def test_a_helper_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="Looking failed: /nowhere/look cannot be started"):
        run_to_end("Looking", ["/nowhere/look"], log=tmp_path / "log", environment=ENVIRONMENT)


def test_a_helper_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = "sleep 300 & echo $! > $0.new; mv $0.new $0; wait"
    with pytest.raises(PermanentError, match="Waiting took longer than 5 s"):
        run_to_end(
            "Waiting",
            ["sh", "-c", script, child],
            log=tmp_path / "log",
            environment=ENVIRONMENT,
            time_limit_s=5.0,  # a busy machine may need seconds until the child is there
        )
    pid = int(child.read_text())
    deadline_s = time.monotonic() + LONG_ENOUGH_S
    while _lives(pid) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
