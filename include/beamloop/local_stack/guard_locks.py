"""Tell from the guards' locks whether programs of a stack are still alive."""

import fcntl
import time

from beamloop.errors import TransientError
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.programs import PROGRAMS

POLL_S = 0.1


def living_guards(layout: StackLayout) -> list[str]:
    """Return the names of the programs whose guard is alive, with or without a supervisor."""
    return [name for name in PROGRAMS if _is_locked(layout, name)]


def _is_locked(layout: StackLayout, name: str) -> bool:
    try:
        stream = (layout.supervisor / f"{name}.lock").open("rb")
    except FileNotFoundError:
        return False
    with stream:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def wait_for_guards(layout: StackLayout, time_limit_s: float = 90) -> None:
    """Wait until every guard has ended, as they do by themselves after their supervisor's death.

    Raises
    ------
    TransientError
        When one is still there after the time limit.
    """
    deadline = time.monotonic() + time_limit_s
    while living := living_guards(layout):
        if time.monotonic() > deadline:
            raise TransientError(
                f"Programs of an earlier start are still ending: {', '.join(living)}.",
                evidence=str(layout.logs),
                try_next="Try again in a minute; `ps -ef | grep beamloop.local_stack.guard` shows them.",
            )
        time.sleep(POLL_S)
