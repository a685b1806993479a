"""What every way of starting a program has in common: before it, after it, and what can keep it back."""

import errno
import json
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from beamloop.errors import BeamloopError, DiskFullError, InvalidInputError, TransientError
from beamloop.records.program import ProgramEnd, ProgramRequest, ProgramResult

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
PROBE_BYTES = 64 * 1024
INSTALL = (
    "Install DIALS (Debian: `apt-get install --no-install-recommends dials`), or set BEAMLOOP_DIALS_BIN "
    "to the folder that holds its programs."
)

# Starts a request's program, writes what it prints to the open log, and returns the launcher's answer.
Launch = Callable[[ProgramRequest, str, BinaryIO], bytes]


class ProgramStarter(Protocol):
    """Whatever can start a program and wait for it."""

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
        ...


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


def run_and_judge(request: ProgramRequest, program: str, launch: Launch) -> ProgramResult:
    """Start a program in the given way and find what came of it.

    Parameters
    ----------
    request
        What to start, and what it is expected to leave.
    program
        The program's absolute path.
    launch
        The way.

    Raises
    ------
    InvalidInputError, DiskFullError, TransientError
        As :meth:`ProgramStarter.run` says.
    """
    log_path = request.working_directory / request.log_name
    # An output that an earlier attempt left in this folder is not one of this program.
    before = _outputs_state(request).items()
    started_at = datetime.now(UTC)
    report = _launched(request, program, launch, log_path)
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


def _outputs_state(request: ProgramRequest) -> dict[str, tuple[int, int, int]]:
    """Return what tells a file from an earlier one of the same name, for each expected output not empty."""
    found = {}
    for name in request.expected_outputs:
        with suppress(FileNotFoundError, NotADirectoryError):
            status = (request.working_directory / name).stat()
            if stat.S_ISREG(status.st_mode) and status.st_size:
                found[name] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def _launched(request: ProgramRequest, program: str, launch: Launch, log_path: Path) -> dict[str, Any]:
    try:
        with open(log_path, "wb") as log:
            answer = launch(request, program, log)
    except OSError as error:
        raise _start_error(error, program, log_path) from error
    report = _report(answer, program, log_path)
    if number := report["exec_errno"]:
        cause = OSError(number, os.strerror(number), program)
        raise _start_error(cause, program, log_path) from cause
    return report


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
