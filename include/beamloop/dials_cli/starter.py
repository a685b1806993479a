"""How a program is started: today as a process of its own, later perhaps by a server that forks."""

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from beamloop.dials_cli.environment import program_environment
from beamloop.errors import BeamloopError, DiskFullError, InvalidInputError, TransientError
from beamloop.records.program import ProgramEnd, ProgramRequest, ProgramResult

LAUNCHER = Path(__file__).with_name("launcher.py")
LAUNCHER_PATIENCE_S = 15.0  # above the launcher's own GRACE_S + GIVE_UP_S
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
PROBE_BYTES = 64 * 1024
INSTALL = (
    "Install DIALS (Debian: `apt-get install --no-install-recommends dials`), or set BEAMLOOP_DIALS_BIN "
    "to the folder that holds its programs."
)


class ProgramStarter(Protocol):
    """Whatever can start a program and wait for it."""

    def run(self, request: ProgramRequest) -> ProgramResult:
        """Run a program to its end; see :meth:`PlainStarter.run`."""
        ...


@dataclass(frozen=True, slots=True)
class PlainStarter:
    """Starts each program as a new process under a launcher that ends it with its caller."""

    bin_directory: Path | None = None  # Path("/usr/bin"); None: as PATH says

    def run(self, request: ProgramRequest) -> ProgramResult:
        """Run a program to its end, or end it with all its descendants when this call is left.

        Any exception that passes through (KeyboardInterrupt, SystemExit, Airflow's own on SIGTERM)
        ends the program before it goes on.

        Parameters
        ----------
        request
            What to start. `argv[0]` is a program's name, or a path.

        Returns
        -------
        ProgramResult
            Also for a failed program; see `ProgramResult.succeeded`.

        Raises
        ------
        InvalidInputError
            When there is no such program, or no such working directory.
        DiskFullError
            When the log cannot be written, or the program failed and its disk has no room.
        TransientError
            When the program's launcher was killed, or the machine can start no more processes.
        """
        program = find_program(request.argv[0], self.bin_directory)
        log_path = request.working_directory / request.log_name
        # An output that an earlier attempt left in this folder is not one of this program.
        before = _outputs_state(request).items()
        started_at = datetime.now(UTC)
        report = _launch(request, program, log_path)
        written = dict(_outputs_state(request).items() - before)
        result = ProgramResult(
            argv=request.argv,
            end=ProgramEnd(report["end"]),
            exit_code=report["exit_code"],
            wall_s=report["wall_s"],
            cpu_s=report["cpu_s"],
            peak_memory_bytes=report["peak_memory_bytes"],
            started_at=started_at,
            log_path=log_path,
            missing_outputs=tuple(name for name in request.expected_outputs if name not in written),
        )
        if not result.succeeded and not _has_room(request.working_directory):
            raise _disk_full(log_path)
        return result


def find_program(name: str, bin_directory: Path | None) -> str:
    """Return the absolute path of a program.

    Raises
    ------
    InvalidInputError
        When it is not there or not executable; names the setting and Debian's package.
    """
    place = str(bin_directory) if bin_directory else os.environ.get("PATH", os.defpath)
    found = shutil.which(name, path=place)
    if found is None:
        raise InvalidInputError(
            f"The program {name!r} is not to be found in {place}.",
            evidence="BEAMLOOP_DIALS_BIN "
            + (f"is {place}" if bin_directory else "is not set: PATH is searched"),
            try_next=INSTALL,
        )
    return os.path.abspath(found)


def _outputs_state(request: ProgramRequest) -> dict[str, tuple[int, int, int]]:
    """Return what tells a file from an earlier one of the same name, for each expected output not empty."""
    found = {}
    for name in request.expected_outputs:
        with suppress(FileNotFoundError, NotADirectoryError):
            status = (request.working_directory / name).stat()
            if stat.S_ISREG(status.st_mode) and status.st_size:
                found[name] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def _launch(request: ProgramRequest, program: str, log_path: Path) -> dict[str, Any]:
    """Start the launcher, wait for its answer, and return it; raise what kept it from starting."""
    limits = request.limits
    # -I and -S: nothing of this environment's site-packages is read, so a start takes milliseconds.
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(LAUNCHER)]
    command += [str(limits.time_s), str(limits.memory_bytes), str(os.getpid())]
    command += [program, *request.argv[1:]]
    try:
        with open(log_path, "wb") as log:
            launcher = subprocess.Popen(  # noqa: S603 (no shell: file names are meant to be hostile)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=request.working_directory,
                env=program_environment(request.environment),
                start_new_session=True,
            )
    except OSError as error:
        raise _start_error(error, program, log_path) from error
    report = _report(_answer(launcher), program, log_path)
    if number := report["exec_errno"]:
        cause = OSError(number, os.strerror(number), program)
        raise _start_error(cause, program, log_path) from cause
    return report


def _answer(launcher: subprocess.Popen[bytes]) -> bytes:
    """Wait for the launcher's answer; on any exception make it end the program first."""
    with launcher:
        try:
            return launcher.stdout.read() if launcher.stdout else b""
        except BaseException:
            if launcher.stdin:
                launcher.stdin.close()  # its end means "cancel"
            try:
                launcher.wait(LAUNCHER_PATIENCE_S)
            except subprocess.TimeoutExpired:
                launcher.kill()
            raise


def _report(answer: bytes, program: str, log_path: Path) -> dict[str, Any]:
    pid, _, line = answer.partition(b"\n")
    if line.endswith(b"\n"):
        report: dict[str, Any] = json.loads(line)
        return report
    if pid:
        # The program itself has gone with its launcher (parent-death signal); this is for its children.
        with suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)
    raise TransientError(
        f"The launcher of {program} was killed from outside, and the program with it.",
        evidence=f"{log_path}; the kernel's log tells whether the machine ran out of memory (`dmesg`)",
        try_next="Run the step again.",
    )


def _start_error(error: OSError, program: str, log_path: Path) -> BeamloopError:
    """Say in Beamloop's words why a program could not be started."""
    if error.errno in NO_ROOM:
        return _disk_full(log_path)
    reason = f"{program} cannot be started in {log_path.parent}: {error.strerror} ({error.filename})."
    if error.errno in (errno.EAGAIN, errno.ENOMEM):
        return TransientError(reason, try_next="Lower the number of slots of the pool, or add memory.")
    if error.filename == program:
        return InvalidInputError(reason, try_next=INSTALL)
    return InvalidInputError(reason, try_next="Check that the folder is there and may be written.")


def _has_room(directory: Path) -> bool:
    """Tell whether the file system can still take a small file, by reserving one."""
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            os.posix_fallocate(probe.fileno(), 0, PROBE_BYTES)
    except OSError as error:
        return error.errno not in NO_ROOM
    return True


def _disk_full(log_path: Path) -> DiskFullError:
    return DiskFullError(
        f"The disk of {log_path.parent} is full.",
        evidence=f"`df {log_path.parent}`; {log_path}",
        try_next="Make room, then run the step again.",
    )
