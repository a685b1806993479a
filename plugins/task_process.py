# ruff: noqa: SLF001 - Airflow has no public way to what is used here
"""A process that runs one task after the other, instead of a process for each.

Half of what a task's process needs is the kernel's: it is a copy of a large process, and every page that
either of both writes to is copied then (decision 28). What a task leaves behind in its process is put back,
and where that cannot be done the process ends; so it does with a task that does not end well.
"""

import atexit
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from contextvars import copy_context
from typing import NoReturn, TextIO

from setproctitle import setproctitle

# A task's channels to its supervisor, in the order in which they are handed over: questions and answers,
# output, errors. The fourth, its log, has a number of its own.
STANDARD = (0, 1, 2)
CHANNELS = 4
# What a process says to its worker when a task has ended well. One that ends otherwise says nothing.
STAYS, ENDS = b"s", b"e"
# Nobody knows what many tasks leave behind: memory in pieces, above all.
TASKS_AT_MOST = 200
GROWTH_BYTES = 256 * 1024**2
# A worker that has nothing to do shall not hold the memory of a second process.
IDLE_S = 60.0


def become_task_process(control: socket.socket) -> NoReturn:
    """Run the tasks that the worker hands over, and end this process.

    Parameters
    ----------
    control
        Brings the channels of each task, and takes :data:`STAYS` or :data:`ENDS` when it has ended well.
    """
    from airflow.sdk.execution_time import supervisor

    nothing = open(os.devnull, "r+b", buffering=0)
    places = (*STANDARD, os.dup(nothing.fileno()))
    # Ends the process with the exit code of a task that ends by one, as it does with Airflow's own.
    supervisor._fork_main(
        nothing,  # type: ignore[arg-type] # all that it asks of these is their number
        nothing,  # type: ignore[arg-type]
        nothing,  # type: ignore[arg-type]
        places[-1],
        lambda: run_tasks(control, places, nothing.fileno()),
    )


def run_tasks(control: socket.socket, places: Sequence[int], nothing: int) -> None:
    """Run one task after the other, until there is a reason to end.

    Parameters
    ----------
    control
        As for :func:`become_task_process`.
    places
        Descriptors that this process reads and writes as a task's channels.
    nothing
        A descriptor of /dev/null.
    """
    from airflow.sdk.execution_time import supervisor

    own = OwnState()
    control.settimeout(IDLE_S)
    for number in range(1, TASKS_AT_MOST + 1):
        channels = receive(control)
        if not channels:
            return
        connect(channels, places)
        for channel in channels:
            os.close(channel)
        copy_context().run(supervisor._subprocess_main)
        own.put_back()
        # Its supervisor hears by this that the task has ended.
        connect([nothing] * CHANNELS, places)
        stays = number < TASKS_AT_MOST and own.is_clean()
        control.sendall(STAYS if stays else ENDS)
        if not stays:
            return


def receive(control: socket.socket) -> list[int]:
    """Wait for a task; return its channels, none when there is no reason to wait any more."""
    try:
        _, channels, _, _ = socket.recv_fds(control, 1, CHANNELS)
    except TimeoutError:
        # From now on the worker cannot hand over a task; one that it has handed over meanwhile is run.
        control.shutdown(socket.SHUT_RD)
        _, channels, _, _ = socket.recv_fds(control, 1, CHANNELS)
    return channels


def connect(channels: Sequence[int], places: Sequence[int]) -> None:
    """Put a task's channels where this process reads and writes."""
    for channel, place in zip(channels, places, strict=True):
        # What the task starts has its output, but not the log of its own words.
        os.dup2(channel, place, inheritable=place in STANDARD)


class OwnState:
    """What a task may change in its process, as it was before the first one."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._directory = os.getcwd()
        self._streams: tuple[TextIO, ...] = (sys.stdin, sys.stdout, sys.stderr)
        self._resident_bytes = resident_bytes()

    def put_back(self) -> None:
        """Make everything as it was, and finish what the task has left to be done at its process's end."""
        from airflow.sdk._shared.secrets_masker import reset_secrets_masker
        from airflow.sdk.execution_time import supervisor

        atexit._run_exitfuncs()
        # The task may have put others in the place of ours, or closed them.
        for stream in (sys.stdout, sys.stderr, *self._streams[1:]):
            with suppress(ValueError, OSError):
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = self._streams
        supervisor._reset_signals()  # type: ignore[no-untyped-call] # Airflow's
        signal.alarm(0)
        setproctitle("airflow worker -- between two tasks")  # Airflow names it after its task
        os.chdir(self._directory)
        if dict(os.environ) != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        reset_secrets_masker()

    def is_clean(self) -> bool:
        """Tell whether nothing of the task goes on, and no more memory is held than another task may find."""
        is_torn = any(stream.closed for stream in self._streams)
        if is_torn or threading.active_count() > 1 or has_children():
            return False
        return resident_bytes() - self._resident_bytes <= GROWTH_BYTES


def has_children() -> bool:
    """Tell whether a process that was started from here has not ended; those that have are taken leave of."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def resident_bytes() -> int:
    """Return how much memory this process has, shared pages with it."""
    with open("/proc/self/statm", "rb") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
