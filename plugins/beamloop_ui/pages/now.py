"""*Now*: the beamlines, tonight's collections, what is at work and what stands still."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from beamloop.catalog.page_now import (
    BeamlineStanding,
    active_collections,
    beamline_standings,
    runs_at_work,
    unsent_messages,
)
from beamloop.records.parameters import STEPS
from beamloop_ui.access import User
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline, Hours, Offset
from beamloop_ui.health import check_all
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render
from beamloop_ui.standing import standing_still

router = APIRouter()

COLLECTIONS_PER_PAGE = 12
RUNS_SHOWN = 12


@router.get("/")
def front(request: Request) -> Response:
    """Lead to *Now*."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/now")


@router.get("/now")
def page(request: Request, user: User) -> Response:
    """Return the page."""
    return render(request, "now.html", "Now", user=user)


@router.get("/api/now")
def data(request: Request, hours: Hours = 12, beamline: Beamline = None, offset: Offset = 0) -> Response:
    """Return what the page shows of a period that ends now."""
    # To the full minute: otherwise no two answers would be alike.
    since = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=hours)
    with transaction() as connection:
        collections, total = active_collections(
            connection, since, beamline, limit=COLLECTIONS_PER_PAGE, offset=offset
        )
        at_work, at_work_total = runs_at_work(connection, RUNS_SHOWN)
        standings = beamline_standings(connection, since)
        document = {
            "steps": len(STEPS),
            "beamlines": [asdict(standing) for standing in standings],
            "standing": standing_still(connection, [one.beamline for one in standings if _is_open(one)]),
            "collections": [asdict(collection) for collection in collections],
            "collections_total": total,
            "collections_per_page": COLLECTIONS_PER_PAGE,
            "at_work": [asdict(run) for run in at_work],
            "at_work_total": at_work_total,
            "messages": asdict(unsent_messages(connection, since)),
        }
    return answer(request, document)


def _is_open(standing: BeamlineStanding) -> bool:
    return standing.at_work + standing.waiting > 0


@router.get("/api/health")
def health(request: Request) -> Response:
    """Return how the platform is; answers also when the catalogue does not."""
    return answer(request, {"checks": [asdict(check) for check in check_all()]})
