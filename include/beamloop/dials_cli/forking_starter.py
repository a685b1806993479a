"""Have programs forked by the DIALS server, and start them plainly where it cannot be had."""

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beamloop.dials_cli.environment import program_environment
from beamloop.dials_cli.server_door import SCRIPTS, ServerDoor, ServerUnavailableError, send_request
from beamloop.dials_cli.starter import LAUNCHER_PATIENCE_S, launch_plainly
from beamloop.dials_cli.starting import find_program, run_and_judge
from beamloop.records.program import ProgramRequest, ProgramResult

log = logging.getLogger(__name__)

# A server that was just ending, by itself or by force, is replaced; what a second one cannot do, none can.
TRIES = 2


@dataclass(frozen=True, slots=True)
class ForkingStarter:
    """Asks the server of this machine for DIALS's programs and our scripts; starts all others plainly."""

    bin_directory: Path | None  # Path("/usr/bin"); None: as PATH says
    python: Path  # the DIALS Python, of the same install as the programs
    directory: Path  # Path("/srv/beamloop/runs/.dials-server"): where servers listen

    def run(self, request: ProgramRequest) -> ProgramResult:
        """Run a program; see :meth:`beamloop.dials_cli.starting.ProgramStarter.run`."""
        program = find_program(request.argv[0], self.bin_directory)
        return run_and_judge(request, program, self._launch)

    def _launch(self, request: ProgramRequest, program: str, program_log: BinaryIO) -> bytes:
        words = self._served_words(request, program)
        if not words:
            return launch_plainly(request, program, program_log)
        door = ServerDoor(self.directory, self.python, program_environment({}))
        for _ in range(TRIES):
            try:
                with door.connect() as connection:
                    if answer := _ask(connection, words, request, program_log):
                        return answer
            except ServerUnavailableError as error:
                log.warning("The DIALS server cannot be had (%s); %s starts plainly.", error, request.argv[0])
                break
        else:
            log.warning("The DIALS server did not answer twice; %s starts plainly.", request.argv[0])
        return launch_plainly(request, program, program_log)

    def _served_words(self, request: ProgramRequest, program: str) -> tuple[str, ...]:
        """Return name and arguments of what the server can run: nothing where it is another Python's."""
        if Path(program).parent.resolve() != self.python.parent.resolve():
            return ()
        if request.argv[0].startswith("dials."):
            return request.argv
        if request.argv[:2] == (str(self.python), "-I") and Path(request.argv[2]).parent == SCRIPTS:
            return (Path(request.argv[2]).name, *request.argv[3:])
        return ()


def _ask(
    connection: socket.socket, words: Sequence[str], request: ProgramRequest, program_log: BinaryIO
) -> bytes:
    """Have a program run; return the launcher's answer, nothing when the program has not begun.

    Leaving by an exception closes the connection, at which the launcher ends the program.
    """
    name, *arguments = words
    wanted = {
        "program": name,
        "arguments": arguments,
        "working_directory": str(request.working_directory.absolute()),
        "environment": program_environment(request.environment),
        "time_s": request.limits.time_s,
        "memory_bytes": request.limits.memory_bytes,
    }
    try:
        send_request(connection, wanted, program_log.fileno())
        return _read_all(connection)
    except ConnectionError:
        return b""
    except BaseException:
        # The program must be gone before this call is left.
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(LAUNCHER_PATIENCE_S)
        while connection.recv(4096):
            pass
        raise


def _read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read()
