"""The trigger that waits, in the triggerer, until nobody needs to decide on a geometry any more.

A person who answers in Airflow ends the wait without it: Airflow's API then resumes the task itself. This
trigger is for all that Airflow does not see: a decision by `beamloop geometry`, a newer geometry, the end of
the time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_services import connect_catalog

log = logging.getLogger("beamloop.geometry_wait")

LOOK_EVERY_S = 10.0  # one short query


class GeometryWait(BaseTrigger):
    """Ends with the reason why the question about a candidate is over.

    Parameters
    ----------
    geometry_id
        The candidate.
    until
        When the question ends by itself: a time with its zone, as ISO 8601 writes it.
    """

    def __init__(self, geometry_id: int, until: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's
        self.geometry_id = geometry_id
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return how the triggerer makes this trigger."""
        return "geometry_wait.GeometryWait", {"geometry_id": self.geometry_id, "until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look now and then; Airflow cancels this when a person has answered."""
        while not (over := await asyncio.to_thread(self._why_over)):
            await asyncio.sleep(LOOK_EVERY_S)
        yield TriggerEvent({"over": over})  # type: ignore[no-untyped-call] # Airflow's

    def _why_over(self) -> str:
        from beamloop.geometry.approval import why_over
        from beamloop.records.geometry import GeometryId

        try:
            with connect_catalog() as catalog:
                over = why_over(catalog, GeometryId(self.geometry_id))
        # Whatever it is, it may be over at the next look; a wait that failed would lose the question.
        except Exception as error:
            log.warning("It is not known whether somebody has decided: %s", error)
            return ""
        return over or self._too_late()

    def _too_late(self) -> str:
        if datetime.now(UTC) < datetime.fromisoformat(self.until):
            return ""
        return (
            f"Nobody has decided in time. Geometry {self.geometry_id} stays a candidate: "
            f"`beamloop geometry promote {self.geometry_id}` lets it serve."
        )
