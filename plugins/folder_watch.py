"""The trigger that looks at the beamlines' folders, in the triggerer, for as long as that runs."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_services import RestStart, beamlines_directory, connect_catalog, dials_settings

if TYPE_CHECKING:
    from beamloop.watch.watcher import LookResult, Watcher

log = logging.getLogger("beamloop.folder_watch")

# A person may have changed Airflow's connections and variables.
REOPEN_AFTER_S = 300.0
FIRST_PAUSE_S = 1.0  # after a look that failed; twice as long each time, up to
LONGEST_PAUSE_S = 30.0
CALL_AGAIN_AFTER_S = 10.0


class FolderWatch(BaseEventTrigger):
    """Asks for the processing of sweeps that are complete, and starts all work that waits for a DAG run.

    An event calls the dispatcher, which has another way to start, for work that this trigger could not start
    itself. Nothing depends on one event: the call is repeated while the work waits.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return how the triggerer makes this trigger."""
        return "folder_watch.FolderWatch", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again; Airflow cancels this when it stops or the DAG is paused."""
        loop = asyncio.get_running_loop()
        # One thread: two looks never meet, and the connections are closed after the last one, also where
        # this coroutine is cancelled during a look.
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="folder-watch")
        looks = Looks()
        call_at_s = 0.0
        try:
            while True:
                result = await loop.run_in_executor(thread, looks.look)
                if result.not_started and loop.time() >= call_at_s:
                    call_at_s = loop.time() + CALL_AGAIN_AFTER_S
                    names = [work.dag_run_id for work in result.not_started]
                    yield TriggerEvent(names)  # type: ignore[no-untyped-call] # Airflow's
                await asyncio.sleep(result.pause_s)
        finally:
            thread.submit(looks.close)
            thread.shutdown(wait=False)


class Looks:
    """One look after the other, whatever is away in between. To be used in one thread."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._watcher: Watcher | None = None
        self._opened_s = 0.0
        self._trouble = ""
        self._pause_s = 0.0

    def look(self) -> "LookResult":
        """Look once; where that cannot be, say so once, and let more time pass with each try."""
        from beamloop.watch.watcher import LookResult

        try:
            result = self._ready().look()
        # Whatever it is, it may be over at the next look; a watcher that ended would miss every sweep.
        except Exception as error:
            self.close()
            self._say(error)
            self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            return LookResult((), self._pause_s)
        if self._trouble:
            log.warning("The beamlines' folders are looked at again.")
        self._trouble, self._pause_s = "", 0.0
        return result

    def close(self) -> None:
        """Close the connections."""
        self._open.close()
        self._watcher = None

    def _ready(self) -> "Watcher":
        if time.monotonic() - self._opened_s > REOPEN_AFTER_S:
            self.close()
        if self._watcher is None:
            from beamloop.dials_cli.version import dials_version
            from beamloop.watch.watcher import Watcher

            catalog = self._open.enter_context(connect_catalog())
            start = self._open.enter_context(closing(RestStart()))
            version = partial(dials_version, dials_settings())
            self._watcher = Watcher(beamlines_directory(), catalog, version, start)
            self._opened_s = time.monotonic()
        return self._watcher

    def _say(self, error: Exception) -> None:
        from beamloop.errors import BeamloopError

        trouble = error.what if isinstance(error, BeamloopError) else repr(error)
        if trouble != self._trouble:
            foreseen = isinstance(error, BeamloopError)
            log.error("The beamlines' folders are not looked at: %s", error, exc_info=not foreseen)
        self._trouble = trouble
