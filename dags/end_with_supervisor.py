"""Let a step end with the Airflow process that supervises its task.

Airflow lets a task run on when its supervisor was killed. Nobody hears how such a task ends, and while a long
program of it goes on, the task's next tries find their step busy until none is left.
"""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_GET_PDEATHSIG = 2


@contextmanager
def ended_with_supervisor() -> Iterator[None]:
    """Have the kernel kill this process when its parent dies; what the process has started ends with it."""
    libc = ctypes.CDLL(None)
    before = ctypes.c_int()
    libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(before))
    # Not SIGTERM: Airflow takes that as a question to the task, which goes on.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        yield
    finally:
        libc.prctl(PR_SET_PDEATHSIG, before.value)
