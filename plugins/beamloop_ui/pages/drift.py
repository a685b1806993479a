"""Where detectors are found over time, for the page *Geometry*."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from beamloop.accounts.drift_document import drift_document
from beamloop.geometry.drift import detector_drifts
from beamloop.records.drift import DetectorDrift
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline
from beamloop_ui.reading import transaction

router = APIRouter()

# Half a year of nights; the command has all.
POINTS_SHOWN = 180
# Each panel has two series; those that left their limits are what a person looks for.
PANELS_SHOWN = 12


@router.get("/api/drift")
def data(request: Request, beamline: Beamline = None) -> Response:
    """Return the charts of detectors, and of panels those that have left their limits."""
    with transaction() as connection:
        drifts = detector_drifts(connection, beamline)
    documents = [_detector(drift) for drift in drifts]
    return answer(request, {"detectors": documents, "panels_shown": PANELS_SHOWN})


def _detector(drift: DetectorDrift) -> dict[str, Any]:
    document: dict[str, Any] = drift_document([drift])["detectors"][0]
    out = [series for series in document["panels"] if any(point["is_out"] for point in series["points"])]
    return document | {
        "whole": [_newest(series) for series in document["whole"]],
        "panels": [_newest(series) for series in out[:PANELS_SHOWN]],
        "panels_out": len(out),
        "has_limits": any(point["limits"] for series in document["whole"] for point in series["points"]),
    }


def _newest(series: dict[str, Any]) -> dict[str, Any]:
    return series | {"points": series["points"][-POINTS_SHOWN:]}
