"""Wait for the programs of a stack, and stop waiting when it makes no sense."""

import time
from collections.abc import Collection

from beamloop.errors import PermanentError, TransientError
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.commands import log_tail
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import StackPorts, accepts_connections
from beamloop.local_stack.process_trees import tree_listens
from beamloop.local_stack.programs import API_SERVER, POSTGRES
from beamloop.local_stack.readiness import ready_programs
from beamloop.local_stack.supervision import ProgramState, Supervisor

POLL_S = 0.2
# A program may miss its database once; a third start within minutes will not be the last.
HOPELESS_STARTS = 3
START_LIMIT_S = 240.0


class StartWatch:
    """Notices, while a stack is started, what no further waiting will mend.

    Parameters
    ----------
    layout
        The stack's paths.
    supervisor
        The stack's supervisor.
    ports
        Where the stack's servers should listen.
    """

    def __init__(self, layout: StackLayout, supervisor: Supervisor, ports: StackPorts) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._ports = {POSTGRES: ports.postgres, API_SERVER: ports.ui}
        self._starts: dict[str, set[int]] = {}

    def check(self) -> None:
        """Look once.

        Raises
        ------
        PermanentError
            When a program was started three times, with the end of its log as evidence, or when another
            program listens on a port of the stack.
        """
        for name, program in self._supervisor.states().items():
            self._check_starts(program)
            # In this order: a listener of our own, met by the first question, is found by the second.
            port = self._ports.get(name)
            if port and program.pid and accepts_connections(port) and not tree_listens(program.pid, port):
                raise PermanentError(
                    f"Another program took port {port} in the moment of the start.",
                    try_next="`beamloop down`, then `beamloop up`, which chooses another port.",
                )

    def _check_starts(self, program: ProgramState) -> None:
        starts = self._starts.setdefault(program.name, set())
        starts.add(program.started_at_s)
        # Zero: not started yet.
        if len(starts - {0}) >= HOPELESS_STARTS:
            log = self._layout.logs / f"{program.name}.log"
            raise PermanentError(
                f"{program.name} ends as soon as it is started.",
                evidence=f"{log}\n{log_tail(log)}",
                try_next="Mend what the log's last words name, then `beamloop up` again.",
            )


def wait_for_programs(
    client: AirflowClient,
    wanted: Collection[str],
    ui_port: int,
    *,
    supervisor: Supervisor,
    watch: StartWatch,
) -> None:
    """Wait until the programs called `wanted` do their work.

    Raises
    ------
    PermanentError
        When a program fails again and again.
    TransientError
        When it takes longer than four minutes: ten times what a quiet machine needs.
    """
    deadline = time.monotonic() + START_LIMIT_S
    while missing := set(wanted) - ready_programs(client, supervisor.states(), ui_port):
        if time.monotonic() > deadline:
            raise TransientError(
                f"Not ready after {START_LIMIT_S:.0f} s: {', '.join(sorted(missing))}.",
                try_next="Look into the logs folder of the state directory, then try `beamloop up` again.",
            )
        watch.check()
        time.sleep(POLL_S)
