# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Let a worker see the end of its task at once."""

import time
from contextlib import suppress
from typing import Any


def supervise_leanly() -> None:
    """Let a supervisor see the end of its task at once, and say that the task lives when that is news."""
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    started = ActivitySubprocess._on_child_started
    serviced = ActivitySubprocess._service_subprocess

    def on_child_started(self: Any, **details: Any) -> None:
        started(self, **details)
        # The server has just been told of the start.
        self._last_heartbeat_attempt = time.monotonic()

    def service_subprocess(self: Any, max_wait_time: float, **expected: Any) -> Any:
        if not self._open_sockets:
            # Nothing is left to hear: the wait below would last `min_heartbeat_interval`, however soon the
            # process ends.
            with suppress(self._process.TimeoutExpired):
                self._process.wait(timeout=max_wait_time)
            max_wait_time = 0.0
        return serviced(self, max_wait_time, **expected)

    ActivitySubprocess._on_child_started = on_child_started  # type: ignore[method-assign]
    ActivitySubprocess._service_subprocess = service_subprocess  # type: ignore[method-assign,assignment]
