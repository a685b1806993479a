"""*Failures*: sweeps without a result, by common cause over a period."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from beamloop.catalog.failure_causes import FailureGroup, group_failures
from beamloop.catalog.page_now import beamline_names
from beamloop.catalog.selection import Failure, failures_since
from beamloop_ui.access import PROCESSING_DAG, User, may_user_act
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline, Hours
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render

router = APIRouter()

# A cause shows so many sweeps at first; the page asks for more of one cause.
SWEEPS_SHOWN = 12
MORE_SWEEPS_SHOWN = 500
# Sorting them by cause takes 15 microseconds each.
LOOKED_AT = 5000

Cause = Annotated[int | None, Query(ge=0, le=100_000)]


@router.get("/failures")
def page(request: Request) -> Response:
    """Return the page."""
    return render(request, "failures.html", "Failures")


@router.get("/api/failures")
def data(
    request: Request, user: User, hours: Hours = 12, beamline: Beamline = None, more_of: Cause = None
) -> Response:
    """Return the causes of a period that ends now, the most frequent first."""
    since = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=hours)
    with transaction() as connection:
        failures = failures_since(connection, since, beamline, limit=LOOKED_AT)
        beamlines = beamline_names(connection)
    groups = group_failures(failures)
    causes = [_cause(group, number, more_of) for number, group in enumerate(groups)]
    return answer(
        request,
        {
            "beamlines": beamlines,
            "count": len(failures),
            "is_cut": len(failures) == LOOKED_AT,
            "causes": causes,
            "may": {"reprocess": may_user_act(user, PROCESSING_DAG)},
        },
    )


def _cause(group: FailureGroup, number: int, more_of: int | None) -> dict[str, Any]:
    shown = MORE_SWEEPS_SHOWN if number == more_of else SWEEPS_SHOWN
    newest = group.failures[0]
    places = Counter((failure.beamline, failure.collection) for failure in group.failures)
    return {
        "number": number,
        "outcome": group.code.value,
        "cause": group.cause,
        "example": newest.outcome.sentence,
        "try_next": newest.outcome.try_next,
        "count": len(group.failures),
        "first_at": group.failures[-1].recorded_at,
        "last_at": newest.recorded_at,
        "places": [
            {"beamline": beamline, "collection": collection, "count": count}
            for (beamline, collection), count in places.most_common(SWEEPS_SHOWN)
        ],
        # All of them, for an action on the cause; names of the first ones only.
        "sweep_ids": [failure.sweep_id for failure in group.failures],
        "sweeps": [_sweep(failure) for failure in group.failures[:shown]],
    }


def _sweep(failure: Failure) -> dict[str, Any]:
    return {
        "sweep": failure.sweep,
        "collection": failure.collection,
        "beamline": failure.beamline,
        "run_id": failure.run_id,
        "sentence": failure.outcome.sentence,
        "recorded_at": failure.recorded_at,
    }
