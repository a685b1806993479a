"""The trigger that calls tend_requests when there is something to tend, in the triggerer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_services import connect_catalog

log = logging.getLogger("beamloop.tending_watch")

# As often as requests are tended at most. One question to the catalogue takes some milliseconds.
ASK_AFTER_S = 60.0


class TendingWatch(BaseEventTrigger):
    """Asks the catalogue every minute whether anything waits for tend_requests.

    Nothing depends on one event: the call is repeated for as long as something waits. Several calls that the
    scheduler meets at once are one run.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return how the triggerer makes this trigger."""
        return "tending_watch.TendingWatch", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask again and again; Airflow cancels this when it stops or the DAG is paused."""
        while True:
            # In a thread: a database that does not answer must not hold up the other triggers.
            if await asyncio.to_thread(something_waits):
                yield TriggerEvent("waiting")  # type: ignore[no-untyped-call] # Airflow's
            await asyncio.sleep(ASK_AFTER_S)


def something_waits() -> bool:
    """Tell whether there is anything to tend; while the catalogue is away there is: the task says so."""
    from beamloop.catalog.open_requests import waits_for_tending
    from beamloop.errors import BeamloopError

    try:
        with connect_catalog() as catalog, catalog.transaction() as connection:
            return waits_for_tending(connection)
    except BeamloopError as error:
        log.warning("Whether requests are to be tended is not known: %s", error)
        return True
