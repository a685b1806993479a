"""Run one program that never outlives its caller.

Started by :class:`beamloop.dials_cli.starter.PlainStarter` as a separate process,
`python -I -S launcher.py TIME_S MEMORY_BYTES CALLER_PID PROGRAM ARGUMENT...`, with the standard library
only, so that a start costs milliseconds. Environment and working directory are the program's.

- Standard input is a pipe that the caller keeps open: its end means "cancel". A caller that dies by SIGKILL
  ends it too, and the kernel's parent-death signal says the same where a forked copy of the caller still
  holds the pipe.
- Standard error is the program's log.
- Standard output carries the program's process id, which is also its group's and session's, and one line
  of JSON when everything has ended, see :func:`report`.

The program leads its own session. This process is the subreaper of whatever the program leaves behind, so
its own list of descendants is complete, and so are the sums of CPU time taken when they are waited for.

Memory is limited by looking at what is resident; pages that forked processes share count for each. RLIMIT_AS
would bound the address space of each process by itself, and a program that meets it dies as it likes: at
800 MB dials.index of 3.12.1 (fft3d, 905 MB resident) dies of SIGSEGV, which looks like a fault of DIALS.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

POLL_S = 0.25  # between two looks at memory; a program that takes 2 GB/s overshoots by half a GB
POLL_SHARE = 0.02  # of a CPU at most for these looks, on a machine with thousands of processes
GRACE_S = 0.5  # between SIGTERM and SIGKILL; DIALS programs have nothing to tidy
GIVE_UP_S = 10.0  # a process in an uninterruptible read of a dead file server does not die at all
PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_CHILD_SUBREAPER = 36
CANCELLING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Tally:
    """What the program and its descendants used, and how the program itself ended."""

    def __init__(self, program: int) -> None:
        self.program = program
        self.status: int | None = None
        self.cpu_s = 0.0
        self.peak_bytes = 0

    def reap(self) -> bool:
        """Take in every child that has ended; return whether any is still there."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.cpu_s += usage.ru_utime + usage.ru_stime
            self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * 1024)
            if pid == self.program:
                self.status = status

    def exit_code(self) -> int:
        """Return the program's exit code as the shell counts: 128 + signal number for a killed one."""
        if self.status is None:
            return 128 + signal.SIGKILL
        code = os.waitstatus_to_exitcode(self.status)
        return code if code >= 0 else 128 - code


def descendants() -> dict[int, int]:
    """Return the process id and the resident memory in bytes of every descendant of this process."""
    children: dict[int, list[tuple[int, int]]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                # The command's name may hold anything, so fields are counted from its closing bracket:
                # state, parent, ... ; resident pages are field 24 of proc(5).
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:  # ended in between
            continue
        children.setdefault(int(fields[1]), []).append((int(name), int(fields[21]) * PAGE_BYTES))
    found: dict[int, int] = {}
    waiting = [os.getpid()]
    while waiting:
        for pid, resident_bytes in children.get(waiting.pop(), []):
            found[pid] = resident_bytes
            waiting.append(pid)
    return found


def end_all(tally: Tally) -> None:
    """End the program and every descendant: SIGTERM, then SIGKILL again and again until none is left."""
    started = time.monotonic()
    number = signal.SIGTERM
    signalled: set[int] = set()
    while tally.reap() and time.monotonic() - started < GIVE_UP_S:
        if number == signal.SIGTERM and time.monotonic() - started > GRACE_S:
            number = signal.SIGKILL
        for pid in descendants():
            if number == signal.SIGKILL or pid not in signalled:
                signalled.add(pid)
                with contextlib.suppress(ProcessLookupError):  # ended in between
                    os.kill(pid, number)
        time.sleep(0.01)


def prepare(caller: int) -> int:
    """Tie this process to its caller; return the descriptor that tells of signals."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    # Sent when the *thread* that started us ends: that thread waits in PlainStarter.run all the while.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (*CANCELLING, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if os.getppid() != caller:
        sys.exit(1)  # it died before it could be watched
    return told


def start(argv: list[str]) -> tuple[int, int]:
    """Start the program; return its process id and the error number of execve, 0 where it ran."""
    failed, fail = os.pipe()
    launcher = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            become(argv, launcher)
        except OSError as error:
            os.write(fail, str(error.errno).encode())
        os._exit(127)
    os.close(fail)
    with open(failed, "rb") as answer:
        return pid, int(answer.read() or 0)


def become(argv: list[str], launcher: int) -> None:
    """Turn the forked child into the program, with the log as its standard output and error."""
    os.setsid()
    # A killed launcher cannot tidy: then at least the program itself goes at once.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:
        os._exit(127)
    # Where memory runs out the kernel shall take DIALS, not the database or Airflow.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as preference:
        preference.write("500")
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, *CANCELLING):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.execv(argv[0], argv)  # noqa: S606 (an argument list is what is wanted)


def watch(tally: Tally, told: int, time_s: float, memory_bytes: int) -> str:
    """Wait until the program ends or must be ended; return which, as a ProgramEnd."""
    deadline = time.monotonic() + time_s
    poll = select.poll()
    poll.register(told, select.POLLIN)
    poll.register(0, select.POLLIN)
    pause_s = POLL_S
    while True:
        ready = poll.poll(max(0.0, min(pause_s, deadline - time.monotonic())) * 1000)
        tally.reap()
        if tally.status is not None:
            return "exited"
        if any(fd == 0 or set(os.read(told, 512)) & set(CANCELLING) for fd, _ in ready):
            return "cancelled"
        if time.monotonic() >= deadline:
            return "timed_out"
        looked_at = time.monotonic()
        resident_bytes = sum(descendants().values())
        pause_s = max(POLL_S, (time.monotonic() - looked_at) / POLL_SHARE)
        tally.peak_bytes = max(tally.peak_bytes, resident_bytes)
        if resident_bytes > memory_bytes:
            return "out_of_memory"


def report(end: str, tally: Tally, wall_s: float, error_number: int) -> None:
    """Write the result for the caller, if there still is one."""
    line = (
        f'{{"end": "{end}", "exit_code": {tally.exit_code()}, "exec_errno": {error_number}, '
        f'"wall_s": {wall_s!r}, "cpu_s": {tally.cpu_s!r}, "peak_memory_bytes": {tally.peak_bytes}}}\n'
    )
    with contextlib.suppress(BrokenPipeError):
        os.write(1, line.encode())


def main(arguments: list[str]) -> None:
    """Run the program of the command line and report."""
    time_s, memory_bytes, caller, *argv = arguments
    told = prepare(int(caller))
    started = time.monotonic()
    pid, error_number = start(argv)
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{pid}\n".encode())
    tally = Tally(pid)
    end = watch(tally, told, float(time_s), int(memory_bytes))
    end_all(tally)
    report(end, tally, time.monotonic() - started, error_number)


if __name__ == "__main__":
    main(sys.argv[1:])
