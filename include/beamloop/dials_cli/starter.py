"""Start each program as a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beamloop.dials_cli.environment import program_environment
from beamloop.dials_cli.starting import find_program, run_and_judge
from beamloop.records.program import ProgramRequest, ProgramResult

LAUNCHER = Path(__file__).with_name("launcher.py")
LAUNCHER_PATIENCE_S = 15.0  # above the launcher's own GRACE_S + GIVE_UP_S


@dataclass(frozen=True, slots=True)
class PlainStarter:
    """Starts each program as a new process under a launcher that ends it with its caller."""

    bin_directory: Path | None = None  # Path("/usr/bin"); None: as PATH says

    def run(self, request: ProgramRequest) -> ProgramResult:
        """Run a program; see :meth:`beamloop.dials_cli.starting.ProgramStarter.run`."""
        program = find_program(request.argv[0], self.bin_directory)
        return run_and_judge(request, program, launch_plainly)


def launch_plainly(request: ProgramRequest, program: str, log: BinaryIO) -> bytes:
    """Start the launcher with the program, and wait for its answer.

    Raises
    ------
    OSError
        When the launcher cannot be started.
    """
    limits = request.limits
    # -I and -S: nothing of this environment's site-packages is read, so a start takes milliseconds.
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(LAUNCHER)]
    command += [str(limits.time_s), str(limits.memory_bytes), str(os.getpid())]
    command += [program, *request.argv[1:]]
    launcher = subprocess.Popen(  # noqa: S603 (no shell: file names are meant to be hostile)
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=request.working_directory,
        env=program_environment(request.environment),
        start_new_session=True,
    )
    return _answer(launcher)


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
