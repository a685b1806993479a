"""The trigger that ends a question which nobody needs to answer any more."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

import pytest

import geometry_wait
from beamloop.errors import CatalogUnavailableError
from beamloop.geometry import approval

pytestmark = pytest.mark.dags


class NoCatalog:
    def __enter__(self) -> "NoCatalog":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        pass


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give one answer after the other to the question why it is over; an exception is raised."""
    monkeypatch.setattr(geometry_wait, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(geometry_wait, "connect_catalog", NoCatalog)
    given: list[Any] = []

    def why_over(_: NoCatalog, geometry_id: int) -> str:
        assert geometry_id == 7
        answer = given.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr(approval, "why_over", why_over)
    return given


def payload(*, ends_in: timedelta) -> Any:
    """Wait as the triggerer does: for the first event of a trigger that was stored and made anew."""
    made = geometry_wait.GeometryWait(7, (datetime.now(UTC) + ends_in).isoformat(timespec="seconds"))
    name, values = made.serialize()
    assert name == "geometry_wait.GeometryWait"

    async def first() -> Any:
        async for event in geometry_wait.GeometryWait(**values).run():
            return event.payload
        return None

    return asyncio.run(asyncio.wait_for(first(), timeout=20))


def test_it_waits_until_it_is_over_also_while_the_catalogue_is_away(looks: list[Any]) -> None:
    looks += ["", CatalogUnavailableError("PostgreSQL is away."), "", "Geometry 7 is rejected."]
    assert payload(ends_in=timedelta(days=7)) == {"over": "Geometry 7 is rejected."}
    assert looks == []


def test_it_ends_by_itself_with_the_time_and_says_how_to_decide_later(looks: list[Any]) -> None:
    looks += [""]
    over = payload(ends_in=timedelta(seconds=-1))["over"]
    assert "Nobody has decided in time" in over
    assert "`beamloop geometry promote 7`" in over
