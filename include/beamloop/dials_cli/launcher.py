"""Run one program that never outlives its caller.

Started by :class:`beamloop.dials_cli.starter.PlainStarter` as a separate process,
`python -I -S launcher.py TIME_S MEMORY_BYTES CALLER_PID PROGRAM ARGUMENT...`, with the standard library
only, so that a start costs milliseconds. Environment and working directory are the program's. The DIALS
server (scripts/serve_programs.py) watches the programs that it forks with the same functions.

- Standard input is a pipe that the caller keeps open: its end means "cancel". A caller that dies by SIGKILL
  ends it too, and the kernel's parent-death signal says the same where a forked copy of the caller still
  holds the pipe.
- Standard error is the program's log.
- Standard output carries the program's process id, which is also its group's and session's, and one line
  of JSON when everything has ended, see :func:`conduct`.

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
from collections.abc import Callable, Sequence

POLL_S = 0.25  # between two looks at memory; a program that takes 2 GB/s overshoots by half a GB
POLL_SHARE = 0.02  # of a CPU at most for these looks, on a machine with thousands of processes
GRACE_S = 0.5  # between SIGTERM and SIGKILL; DIALS programs have nothing to tidy
GIVE_UP_S = 10.0  # a process in an uninterruptible read of a dead file server does not die at all
PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_CHILD_SUBREAPER = 36
CANCELLING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CHILDREN = "/proc/{}/children"  # proc(5): of a thread; not in every kernel


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
    children = told_children if os.path.exists(CHILDREN.format("thread-self")) else listed_children()
    found: dict[int, int] = {}
    waiting = [os.getpid()]
    while waiting:
        for pid in children(waiting.pop()):
            if pid not in found:
                found[pid] = resident_bytes(pid)
                waiting.append(pid)
    return found


def told_children(pid: int) -> list[int]:
    """Return the children of a process as the kernel tells them, however many others the machine has.

    One that ends or is handed on at this moment may be missing, and is seen at the next look.
    """
    found: list[int] = []
    with contextlib.suppress(OSError):  # ended in between
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(CHILDREN.format(f"{pid}/task/{thread}"), "rb") as children:
                found.extend(map(int, children.read().split()))
    return found


def listed_children() -> Callable[[int], list[int]]:
    """Return a way to tell the children of a process, from a list of all processes of the machine."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            # The command's name may hold anything, so fields are counted from its closing bracket:
            # state, parent, ...
            children.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    return lambda pid: children.get(pid, [])


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it has ended."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/statm", "rb") as pages:
        return int(pages.read().split()[1]) * PAGE_BYTES
    return 0


def end_all(tally: Tally) -> bool:
    """End the program and every descendant: SIGTERM, then SIGKILL again and again.

    Returns whether none is left.
    """
    started = time.monotonic()
    number = signal.SIGTERM
    signalled: set[int] = set()
    while tally.reap():
        if time.monotonic() - started > GIVE_UP_S:
            return False
        if number == signal.SIGTERM and time.monotonic() - started > GRACE_S:
            number = signal.SIGKILL
        for pid in descendants():
            if number == signal.SIGKILL or pid not in signalled:
                signalled.add(pid)
                with contextlib.suppress(ProcessLookupError):  # ended in between
                    os.kill(pid, number)
        time.sleep(0.01)
    return True


def prepare() -> int:
    """Make this process the one that its descendants are left to; return what tells of signals."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (*CANCELLING, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return told


def end_with_caller(caller: int) -> None:
    """Be told by SIGTERM when the caller dies."""
    # Sent when the *thread* that started us ends: that thread waits in PlainStarter.run all the while.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != caller:
        sys.exit(1)  # it died before it could be watched


def start(become: Callable[[int], object]) -> tuple[int, int]:
    """Fork the program; return its process id and the number of the error that kept it back, else 0.

    `become` turns the child into the program. It is given a descriptor whose end says that nothing went
    wrong: execve closes it, others must.
    """
    failed, fail = os.pipe()
    launcher = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            leave(launcher)
            become(fail)
        except OSError as error:
            os.write(fail, str(error.errno).encode())
        os._exit(127)
    os.close(fail)
    with open(failed, "rb") as answer:
        return pid, int(answer.read() or 0)


def leave(launcher: int) -> None:
    """Give the forked child a session of its own, with the log as its standard output and error."""
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


def watch(tally: Tally, told: int, cancelling: Sequence[int], time_s: float, memory_bytes: int) -> str:
    """Wait until the program ends or must be ended; return which, as a ProgramEnd.

    `told` tells of signals; a word or an end on one of the descriptors `cancelling` ends the program.
    """
    deadline = time.monotonic() + time_s
    poll = select.poll()
    for descriptor in (told, *cancelling):
        poll.register(descriptor, select.POLLIN)
    pause_s = POLL_S
    while True:
        ready = poll.poll(max(0.0, min(pause_s, deadline - time.monotonic())) * 1000)
        tally.reap()
        if tally.status is not None:
            return "exited"
        if any(fd != told or set(os.read(told, 512)) & set(CANCELLING) for fd, _ in ready):
            return "cancelled"
        if time.monotonic() >= deadline:
            return "timed_out"
        looked_at = time.monotonic()
        used_bytes = sum(descendants().values())
        pause_s = max(POLL_S, (time.monotonic() - looked_at) / POLL_SHARE)
        tally.peak_bytes = max(tally.peak_bytes, used_bytes)
        if used_bytes > memory_bytes:
            return "out_of_memory"


def conduct(
    become: Callable[[int], object],
    told: int,
    cancelling: Sequence[int],
    answer: int,
    time_s: float,
    memory_bytes: int,
) -> bool:
    """Run a program to its end, however that comes, and write to `answer` what became of it.

    Returns whether it ended by itself and nothing of it is left.
    """
    started = time.monotonic()
    pid, error_number = start(become)
    say(answer, f"{pid}\n")
    tally = Tally(pid)
    end = watch(tally, told, cancelling, time_s, memory_bytes)
    all_ended = end_all(tally)
    wall_s = time.monotonic() - started
    say(
        answer,
        f'{{"end": "{end}", "exit_code": {tally.exit_code()}, "exec_errno": {error_number}, '
        f'"wall_s": {wall_s!r}, "cpu_s": {tally.cpu_s!r}, "peak_memory_bytes": {tally.peak_bytes}}}\n',
    )
    return all_ended and end == "exited" and not error_number


def say(answer: int, line: str) -> None:
    """Write a line for the caller, if there still is one."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        os.write(answer, line.encode())


def main(arguments: list[str]) -> None:
    """Run the program of the command line and report."""
    time_s, memory_bytes, caller, *argv = arguments
    told = prepare()
    end_with_caller(int(caller))
    conduct(lambda _: os.execv(argv[0], argv), told, (0,), 1, float(time_s), int(memory_bytes))  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
