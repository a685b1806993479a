# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""A worker's side of a process that runs one task after the other (`task_process.py`)."""

import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import Any

import psutil
from airflow.sdk.execution_time import supervisor
from airflow.sdk.execution_time.supervisor import ActivitySubprocess, ProcessTracker, WatchedSubprocess

from task_process import CHANNELS, ENDS, STAYS, become_task_process

# For a process that ended before it said that its task has: Airflow takes an exit code of 0 for success.
SILENT_END = 1
# One that has just ended, because it had nothing to do or was killed, is replaced.
TRIES = 2


class KeptProcess(ProcessTracker):
    """A process of this worker that runs one task after the other, tracked for Airflow as a task's own."""

    ProcessNotFound = psutil.NoSuchProcess
    TimeoutExpired = psutil.TimeoutExpired

    def __init__(self) -> None:
        self._control, its = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            # It leads a group, as each of Airflow's task processes does: signals reach all of it.
            os.setpgid(0, 0)
            become_task_process(its)
        its.close()
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)  # whichever of both comes first
        self._process = psutil.Process(pid)
        self._exit_code: int | None = None
        self._stays = True

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Tell whether it waits for a task; between two nothing is heard of it but its end."""
        return self._stays and not self._is_heard(0.0)

    def hand_over(self, channels: list[int]) -> bool:
        """Give it a task's channels; return whether it has taken them."""
        self._exit_code = None
        with suppress(OSError):
            return bool(socket.send_fds(self._control, [b"t"], channels))
        return False

    def send_signal(self, s: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(s)

    def wait(self, timeout: float | None) -> int:
        """Return the exit code of its task.

        Raises
        ------
        psutil.TimeoutExpired
            When the task has not ended within so many seconds.
        """
        if self._exit_code is None:
            self._exit_code = self._listen(timeout)
        return self._exit_code

    def _listen(self, timeout_s: float | None) -> int:
        if not self._is_heard(timeout_s):
            raise psutil.TimeoutExpired(timeout_s or 0.0, self.pid)
        word = b""
        with suppress(ConnectionResetError):
            word = self._control.recv(1)
        self._stays = word == STAYS
        if word in (STAYS, ENDS):
            return 0
        return self._process.wait(timeout_s) or SILENT_END

    def _is_heard(self, timeout_s: float | None) -> bool:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        return bool(poll.poll(None if timeout_s is None else 1000 * timeout_s))

    def take_leave(self) -> None:
        """Let the system forget it where it has ended between two tasks."""
        if self._exit_code is not None:  # of its last task: now it has none
            with suppress(psutil.TimeoutExpired):
                self._process.wait(0)

    def leave(self) -> None:
        """End it: nothing waits for it any more."""
        self._control.close()
        with suppress(psutil.NoSuchProcess):
            self._process.kill()
        self._process.wait()


def keep_task_processes() -> None:
    """Let the workers forked from here run their tasks in processes that are kept."""
    start = WatchedSubprocess.start.__func__  # type: ignore[attr-defined] # of a class method
    kept: list[KeptProcess] = []  # of this worker, one at most

    def start_kept(cls: Any, /, *, target: Any = supervisor._subprocess_main, **how: Any) -> Any:
        is_task = issubclass(cls, ActivitySubprocess) and target is supervisor._subprocess_main
        if is_task and how.get("logger") and not how.get("use_exec"):
            signal.signal(signal.SIGCHLD, lambda *_: take_leave_of(kept))
            return start_task(cls, kept, **how)
        return start(cls, target=target, **how)

    WatchedSubprocess.start = classmethod(start_kept)  # type: ignore[method-assign,assignment]


def take_leave_of(kept: list[KeptProcess]) -> None:
    """Take leave of what has ended because it had nothing to do: a dead process looks like a fault."""
    for process in kept:
        process.take_leave()


def start_task(
    cls: Any, kept: list[KeptProcess], *, logger: Any, use_exec: bool, new_process_group: bool, **details: Any
) -> Any:
    """Do what Airflow's `WatchedSubprocess.start` does, in a process that is there already if it can."""
    process, (requests, stdout, stderr, logs) = hand_over_channels(kept)
    started = cls(
        pid=process.pid,
        stdin=requests,
        process=process,
        process_log=logger,
        start_time=time.monotonic(),
        new_process_group=new_process_group,
        **details,
    )
    started._register_pipe_readers(stdout, stderr, requests, logs, data={})
    return started


def hand_over_channels(kept: list[KeptProcess]) -> tuple[KeptProcess, list[socket.socket]]:
    """Give a task's channels to the worker's process, or to a new one; return it and our ends of them.

    Raises
    ------
    OSError
        When a new one does not take them either.
    """
    for _ in range(TRIES):
        process = ready_process(kept)
        # Not before: a process made now would have our ends, too, and a task's end would not be heard.
        pairs = [socket.socketpair() for _ in range(CHANNELS)]
        taken = process.hand_over([its.fileno() for _, its in pairs])
        for _, its in pairs:
            its.close()
        if taken:
            return process, [ours for ours, _ in pairs]
        for ours, _ in pairs:
            ours.close()
    raise OSError("A process for the task has ended at once.")


def ready_process(kept: list[KeptProcess]) -> KeptProcess:
    """Return the worker's process if it can take a task, otherwise a new one."""
    if not (kept and kept[0].is_ready()):
        while kept:
            kept.pop().leave()
        kept.append(KeptProcess())
    return kept[0]
