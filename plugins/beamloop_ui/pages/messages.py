"""*Messages*: what people were to be told, and were not."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from beamloop.catalog.page_messages import messages_in_trouble
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Hours
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render

router = APIRouter()

MESSAGES_SHOWN = 100


@router.get("/messages")
def page(request: Request) -> Response:
    """Return the page."""
    return render(request, "messages.html", "Messages")


@router.get("/api/messages")
def data(request: Request, hours: Hours = 12) -> Response:
    """Return the messages that could not be sent: those still tried, and those given up in a period."""
    since = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=hours)
    with transaction() as connection:
        found, total = messages_in_trouble(connection, since, MESSAGES_SHOWN)
    return answer(request, {"messages": [asdict(one) for one in found], "total": total})
