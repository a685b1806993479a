"""Where detectors were found over time, as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from beamloop.accounts.json_format import FORMAT
from beamloop.records.drift import DetectorDrift, DriftPoint, DriftSeries


def drift_document(drifts: Sequence[DetectorDrift]) -> dict[str, Any]:
    """Return charts of detectors as plain values, see docs/json.md."""
    return {"format": FORMAT, "detectors": [_detector(drift) for drift in drifts]}


def _detector(drift: DetectorDrift) -> dict[str, Any]:
    return {
        "beamline": drift.beamline,
        "detector": drift.detector,
        "header_distance_mm": drift.header_distance_mm,
        "whole": [_series(series) for series in drift.whole],
        "panels": [_series(series) for series in drift.panels],
        "services": [
            {"serviced_at": one.serviced_at, "said_by": one.said_by, "why": one.why} for one in drift.services
        ],
    }


def _series(series: DriftSeries) -> dict[str, Any]:
    return {
        "quantity": series.key,
        "words": series.words,
        "unit": series.unit,
        "points": [_point(point) for point in series.points],
    }


def _point(point: DriftPoint) -> dict[str, Any]:
    return {
        "geometry_id": point.geometry_id,
        "measured_at": point.measured_at,
        "value": point.value,
        "limits": asdict(point.limits) if point.limits else None,
        "is_out": point.is_out,
    }
