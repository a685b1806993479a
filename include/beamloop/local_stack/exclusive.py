"""One command at a time changes a stack; and signals end a command in an orderly way."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from beamloop.errors import TransientError

POLL_S = 0.2


@contextmanager
def exclusive(
    lock_file: Path, *, on_wait: Callable[[str], None], time_limit_s: float = 300
) -> Iterator[None]:
    """Hold the stack's lock; the kernel lets it go with the process, so a killed command leaves none.

    Parameters
    ----------
    lock_file
        The file that is locked; keeps the holder's process id for a person to read.
    on_wait
        Told once, in a sentence, when another command holds the lock.
    time_limit_s
        Longest wait for the other command.

    Raises
    ------
    TransientError
        When the other command does not end in time.
    """
    # Close-on-exec, as Python's descriptors are: the stack's programs do not inherit the lock.
    with lock_file.open("a+", encoding="ascii") as stream:
        _lock(stream.fileno(), lock_file, on_wait, time_limit_s)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _lock(descriptor: int, lock_file: Path, on_wait: Callable[[str], None], time_limit_s: float) -> None:
    deadline = time.monotonic() + time_limit_s
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = lock_file.read_text(encoding="ascii")
            if time.monotonic() > deadline:
                raise TransientError(
                    f"Another command (process {holder}) has been changing this stack for too long.",
                    try_next=f"Look at it with `ps {holder}`, end it, and try again.",
                ) from error
            if not told:
                on_wait(f"Another command (process {holder}) is changing this stack; waiting for it.")
                told = True
            time.sleep(POLL_S)
        else:
            return


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does; for the main thread."""
    previous = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let nothing but SIGKILL disturb the block: for cleaning up. For the main thread."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
