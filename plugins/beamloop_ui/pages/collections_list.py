"""*Collections*: all of them, the newest first."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from starlette.responses import Response

from beamloop.catalog.page_collection import list_collections
from beamloop.catalog.page_now import beamline_names
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline, Offset, Words
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render

router = APIRouter()

COLLECTIONS_SHOWN = 25


@router.get("/collections")
def list_page(request: Request) -> Response:
    """Return the page of all collections."""
    return render(request, "collections.html", "Collections")


@router.get("/api/collections")
def list_data(
    request: Request, text: Words = None, beamline: Beamline = None, offset: Offset = 0
) -> Response:
    """Return a part of the collections, the newest first."""
    with transaction() as connection:
        found, total = list_collections(
            connection, text=text, beamline=beamline, limit=COLLECTIONS_SHOWN, offset=offset
        )
        beamlines = beamline_names(connection)
    rows = [asdict(one) for one in found]
    return answer(
        request, {"collections": rows, "total": total, "per_page": COLLECTIONS_SHOWN, "beamlines": beamlines}
    )
