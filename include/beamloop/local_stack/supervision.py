"""Talk to the supervisor of a stack, start it, end it."""

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from beamloop.errors import PermanentError
from beamloop.local_stack.commands import log_tail
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.process_trees import wait_until_gone
from beamloop.local_stack.programs import supervised_name

START_LIMIT_S = 20.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What the supervisor says of one program."""

    name: str  # "scheduler"
    state: str  # "RUNNING", one of the supervisor's words
    pid: int  # of the guard; 0 when there is none
    started_at_s: int  # seconds since the epoch
    description: str  # "pid 4711, uptime 0:01:02"


class Supervisor:
    """The supervisor of one stack, spoken to through its socket.

    Parameters
    ----------
    layout
        The stack's paths.
    """

    def __init__(self, layout: StackLayout) -> None:
        self._layout = layout

    @contextmanager
    def _proxy(self) -> Iterator[Any]:
        # The kernel's name for an open folder: the socket's own path may be longer than the 107 bytes
        # that a socket address has room for.
        descriptor = os.open(self._layout.supervisor, os.O_RDONLY | os.O_DIRECTORY)
        try:
            address = f"unix:///proc/self/fd/{descriptor}/supervisor.sock"
            with xmlrpc.client.ServerProxy(
                "http://localhost", transport=SupervisorTransport("", "", address)
            ) as proxy:
                yield proxy.supervisor
        finally:
            os.close(descriptor)

    def pid(self) -> int | None:
        """Return the supervisor's process id; None when it does not run or does not answer."""
        try:
            with self._proxy() as proxy:
                return int(proxy.getPID())
        except (OSError, xmlrpc.client.Error):
            return None

    def states(self) -> dict[str, ProgramState]:
        """Return the state of each program; empty when the supervisor does not run."""
        try:
            with self._proxy() as proxy:
                answers = proxy.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error):
            return {}
        return {
            answer["name"]: ProgramState(
                answer["name"], answer["statename"], answer["pid"], answer["start"], answer["description"]
            )
            for answer in answers
        }

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the supervisor, away from the terminal; it starts none of its programs by itself.

        Raises
        ------
        PermanentError
            When it does not answer within 20 s.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", "supervisord.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._layout.supervisor,
            env=dict(environment),
            start_new_session=True,
        )
        deadline = time.monotonic() + START_LIMIT_S
        while self.pid() is None:
            if process.poll() is not None or time.monotonic() > deadline:
                log = self._layout.logs / "supervisord.log"
                raise PermanentError(
                    "The supervisor of the stack did not start.",
                    evidence=f"{log}\n{log_tail(log)}",
                    try_next="Mend what the log's last words name, then `beamloop up` again.",
                )
            time.sleep(POLL_S)

    def start_program(self, name: str) -> None:
        """Have the supervisor start a program and keep it alive; nothing when it does so already.

        Raises
        ------
        PermanentError
            When it cannot be started, or the supervisor has ended.
        """
        try:
            with self._proxy() as proxy:
                proxy.startProcess(supervised_name(name), False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise PermanentError(
                    f"{name} cannot be started.",
                    evidence=fault.faultString,
                    try_next=f"Look into {self._layout.logs}, then `beamloop down` and `beamloop up`.",
                ) from fault
        except OSError as error:
            raise PermanentError(
                "The supervisor of the stack has ended.",
                evidence=f"{error}; {self._layout.logs / 'supervisord.log'}",
                try_next="`beamloop up` starts it, and what it looks after.",
            ) from error

    def shut_down(self, time_limit_s: float = 120) -> None:
        """End the supervisor and all its programs; returns when every process is gone."""
        pid = self.pid()
        if pid is None:
            return
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            family = process.children(recursive=True)
            with suppress(OSError, xmlrpc.client.Error), self._proxy() as proxy:
                proxy.shutdown()
            for survivor in wait_until_gone([process, *family], time_limit_s):
                with suppress(psutil.NoSuchProcess):
                    survivor.send_signal(signal.SIGKILL)
