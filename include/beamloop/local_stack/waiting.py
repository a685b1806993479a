"""Wait for the programs of a stack, and stop waiting when it makes no sense."""

import time
from collections.abc import Collection

from beamloop.errors import PermanentError, TransientError
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.commands import log_tail
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.readiness import ready_programs
from beamloop.local_stack.supervision import Supervisor

POLL_S = 0.1
# The first start may find a port taken a moment ago; a third failure in a row will not mend itself.
HOPELESS_STARTS = 3
START_LIMIT_S = 240.0


class StartWatch:
    """Notices programs that fail again and again while a stack is started.

    Parameters
    ----------
    layout
        The stack's paths.
    supervisor
        The stack's supervisor.
    """

    def __init__(self, layout: StackLayout, supervisor: Supervisor) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._failed_starts: dict[str, set[int]] = {}

    def check(self) -> None:
        """Look once.

        Raises
        ------
        PermanentError
            When a program has failed three times; the end of its log is the evidence.
        """
        for program in self._supervisor.states().values():
            if program.state != "BACKOFF":
                continue
            starts = self._failed_starts.setdefault(program.name, set())
            starts.add(program.started_at_s)
            if len(starts) >= HOPELESS_STARTS:
                log = self._layout.logs / f"{program.name}.log"
                raise PermanentError(
                    f"{program.name} ends as soon as it is started.", evidence=f"{log}\n{log_tail(log)}"
                )


def wait_for_programs(
    client: AirflowClient, wanted: Collection[str], *, supervisor: Supervisor, watch: StartWatch
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
    while missing := set(wanted) - ready_programs(client, supervisor.states()):
        if time.monotonic() > deadline:
            raise TransientError(
                f"Not ready after {START_LIMIT_S:.0f} s: {', '.join(sorted(missing))}.",
                try_next="Look into the logs folder of the state directory, then try `beamloop up` again.",
            )
        watch.check()
        time.sleep(POLL_S)
