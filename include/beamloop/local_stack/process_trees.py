"""What a program and everything below it use of this machine."""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

POLL_S = 0.05


def main_process_id(guard_pid: int) -> int | None:
    """Return the id of the program under a guard: its first child; None while there is none."""
    with suppress(psutil.NoSuchProcess):
        children = sorted(psutil.Process(guard_pid).children(), key=lambda child: child.create_time())
        if children:
            return int(children[0].pid)
    return None


def wait_until_gone(processes: Iterable[psutil.Process], time_limit_s: float) -> list[psutil.Process]:
    """Wait for processes to end; return those that have not.

    A zombie has ended: its parent may be a container's first process that collects none.
    """
    deadline = time.monotonic() + time_limit_s
    living = list(processes)
    while living := [process for process in living if _is_alive(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    return living


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tree_listens(pid: int, port: int) -> bool:
    """Say whether a process or one of its descendants, of the same user, listens on a TCP port."""
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for process in (top, *top.children(recursive=True))
            for connection in process.net_connections(kind="tcp")
        )
    return False


def tree_memory_bytes(pid: int) -> int:
    """Sum the memory of a process and its descendants: proportional, so that shared pages count once.

    Source: the field Pss of /proc/PID/smaps_rollup, proc(5). A process of another user counts by its
    resident size, which is the most it can be.
    """
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        return sum(_memory_bytes(process) for process in (top, *top.children(recursive=True)))
    return 0


def _memory_bytes(process: psutil.Process) -> int:
    with suppress(OSError):
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
        if found := re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE):
            return int(found.group(1)) * 1024
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
