"""Run a helper program to its end: no shell, its own process group, its output in a log."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from beamloop.errors import PermanentError

TAIL_LINES = 8


def log_tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, without its blank lines; empty when there is no log."""
    with suppress(OSError):
        text = log.read_text(encoding="utf-8", errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
    return ""


def run_to_end(
    what: str,
    argv: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    user: str | None = None,
    time_limit_s: float = 300,
) -> None:
    """Run a program and wait; whatever interrupts the wait ends the program and its children first.

    Parameters
    ----------
    what
        What the program is for, as the subject of an error message: "Creating the PostgreSQL cluster".
    argv
        Program and arguments.
    log
        Gets standard output and error; what an earlier run wrote is replaced.
    environment
        The program's whole environment.
    user
        Run as this user; for root only.
    time_limit_s
        The program is killed after so many seconds.

    Raises
    ------
    PermanentError
        When the program cannot be started, fails, or exceeds its time.
    """
    with log.open("wb") as output:
        process = _start(what, argv, output, environment, user)
        try:
            code = process.wait(time_limit_s)
        except subprocess.TimeoutExpired as error:
            raise PermanentError(
                f"{what} took longer than {time_limit_s:.0f} s.",
                evidence=str(log),
                try_next="See what it waited for, or what keeps the machine busy, then try again.",
            ) from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        raise PermanentError(
            f"{what} failed with exit code {code}.",
            evidence=f"{log}\n{log_tail(log)}",
            try_next="Mend what the log's last words name, then try again.",
        )


def _start(
    what: str, argv: Sequence[str | Path], output: IO[bytes], environment: Mapping[str, str], user: str | None
) -> "subprocess.Popen[bytes]":
    """Start a program in a process group of its own."""
    try:
        return subprocess.Popen(  # noqa: S603 - argv list, no shell
            [os.fspath(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    except OSError as error:
        raise PermanentError(
            f"{what} failed: {argv[0]} cannot be started.",
            evidence=str(error),
            try_next="`beamloop doctor` tells what this machine lacks.",
        ) from error
