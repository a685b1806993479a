"""What a program and everything below it use of this machine."""

import re
from contextlib import suppress
from pathlib import Path

import psutil


def main_process_id(guard_pid: int) -> int | None:
    """Return the id of the program under a guard: its first child; None while there is none."""
    with suppress(psutil.NoSuchProcess):
        children = sorted(psutil.Process(guard_pid).children(), key=lambda child: child.create_time())
        if children:
            return int(children[0].pid)
    return None


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
