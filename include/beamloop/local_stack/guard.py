"""Run one program of the stack, and let nothing that it started outlive it.

A killed scheduler leaves its worker processes, their tasks and DIALS programs behind; a killed supervisor
leaves everything. The guard stands between the two: as the *subreaper* of its program it inherits every
orphan below it (Linux, `prctl(2)`), so when the program ends, for whatever reason, the rest is ended too;
and the kernel tells it when the supervisor dies. Called by the supervisor in its own folder:

    python -m beamloop.local_stack.guard NAME
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from beamloop.local_stack.ports import accepts_connections
from beamloop.local_stack.programs import PROGRAMS_FILE, Program

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.25
LEFTOVER_GRACE_S = 3.0  # what a program leaves behind gets so long after SIGTERM, then SIGKILL
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
_LIBC = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _stop_asked(seconds: float) -> bool:
    """Sleep up to `seconds`, until a signal comes; say whether it was one to stop."""
    received = signal.sigtimedwait(STOP_SIGNALS | {signal.SIGCHLD}, seconds)
    return received is not None and received.si_signo in STOP_SIGNALS


def _wait_until_alone(lock_file: Path) -> int:
    """Wait until no other guard of this program is left; return the descriptor that holds the lock."""
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _stop_asked(POLL_S):
                sys.exit(0)
        else:
            return descriptor


def _wait_for_port(port: int) -> None:
    while not accepts_connections(port):
        if _stop_asked(POLL_S):
            sys.exit(0)


def _start(program: Program) -> "subprocess.Popen[bytes]":
    def prepare() -> None:
        # Runs in the child after it has become `user`, which would undo the first of these.
        _prctl(PR_SET_PDEATHSIG, signal.Signals[program.stop_signal])
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return subprocess.Popen(  # noqa: S603 - argv list, no shell
        program.argv,
        stdin=subprocess.DEVNULL,
        env=program.environment,
        cwd="/",
        user=program.user,
        group=program.user,
        extra_groups=[] if program.user else None,
        preexec_fn=prepare,
    )


def _watch(process: "subprocess.Popen[bytes]", program: Program) -> None:
    """Wait for the program's end; on a stop signal pass the program's own on and bound the time it takes."""
    deadline: float | None = None
    while process.poll() is None:
        _reap_adopted(process.pid)
        if _stop_asked(POLL_S if deadline else 60) and deadline is None:
            process.send_signal(signal.Signals[program.stop_signal])
            deadline = time.monotonic() + program.grace_s
        if deadline is not None and time.monotonic() > deadline:
            return


def _reap_adopted(main_pid: int) -> None:
    """Collect orphans that have ended; the program itself is left to its `Popen`."""
    for child in psutil.Process().children():
        if child.pid != main_pid and child.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(child.pid, os.WNOHANG)


def _end_everything(process: "subprocess.Popen[bytes]") -> None:
    """End what is left below the guard: first politely from the top, then all of it."""
    top = psutil.Process(process.pid) if process.poll() is None else psutil.Process()
    for child in top.children():
        _send(child, signal.SIGTERM)
    deadline = time.monotonic() + LEFTOVER_GRACE_S
    while _living_descendants(process) and time.monotonic() < deadline:
        _stop_asked(POLL_S)
    while descendants := _living_descendants(process):
        for descendant in descendants:
            _send(descendant, signal.SIGKILL)
        _stop_asked(POLL_S)


def _living_descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    process.poll()
    _reap_adopted(process.pid)
    descendants: list[psutil.Process] = psutil.Process().children(recursive=True)
    return descendants


def _send(target: psutil.Process, number: signal.Signals) -> None:
    try:
        target.send_signal(number)
    except psutil.NoSuchProcess:
        return


def guard(name: str) -> int:
    """Run the program called `name` to its end and everything it started to theirs; return its exit code."""
    supervisor_pid = os.getppid()
    # Signals are taken one at a time by sigtimedwait: no handler, no race with the start of the program.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS | {signal.SIGCHLD})
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor_pid:
        return 0  # the supervisor died before the kernel knew that we want to be told
    described = json.loads(Path(PROGRAMS_FILE).read_text(encoding="utf-8"))
    program = Program(**described[name])
    _wait_until_alone(Path(f"{name}.lock"))
    if program.wait_for_port is not None:
        _wait_for_port(program.wait_for_port)
    process = _start(program)
    _watch(process, program)
    _end_everything(process)
    return process.wait()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1]))
