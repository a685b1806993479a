"""Control limits of where a detector is found, and what leaves them."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from beamloop.geometry.drift import chart_detector, control_limits, departures
from beamloop.geometry.drift_plot import draw_drift
from beamloop.records.drift import WHOLE, DetectorDrift, DetectorPoint, DetectorService
from beamloop.records.geometry import GeometryId, GeometryState

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POINT = DetectorPoint(
    GeometryId(1), "i24", "PILATUS3 6M", GeometryState.CANDIDATE, 250.0, NOW, dict.fromkeys(WHOLE, 0.0), {}
)


def nights(count: int, seed: int = 7, panels: int = 2) -> list[DetectorPoint]:
    """Return a detector that stays: 20 um of noise in distance, 2 um in panels."""
    noise = random.Random(seed)  # noqa: S311 # no secret
    return [
        replace(
            POINT,
            geometry_id=GeometryId(number),
            measured_at=NOW + timedelta(days=number),
            whole={key: 0.37 + noise.gauss(0, 0.02) for key in WHOLE},
            panels={f"panel {panel}": (noise.gauss(30, 2), noise.gauss(-12, 2)) for panel in range(panels)},
        )
        for number in range(1, 1 + count)
    ]


def left(drift: DetectorDrift) -> list[tuple[str, int]]:
    return [(one.series.key, one.point.geometry_id) for one in departures(drift)]


def test_limits_are_those_of_the_handbook() -> None:
    """The ten flow rates of the NIST/SEMATECH e-Handbook, 6.3.2.2: 50.81, 50.81 +- 3 x 1.8778/1.128."""
    rates = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    # There and back: every range twice, and one of nothing between them.
    limits = control_limits([*rates, *reversed(rates)])
    assert limits is not None
    limits = replace(limits, lower=50.81 + 19 / 18 * (limits.lower - 50.81),
                     upper=50.81 + 19 / 18 * (limits.upper - 50.81))  # fmt: skip
    assert limits.mean == pytest.approx(50.81)
    assert limits.upper == pytest.approx(55.8041, abs=1e-4)
    assert limits.lower == pytest.approx(45.8159, abs=1e-4)


def test_fewer_than_twenty_points_give_no_limits() -> None:
    assert control_limits([1.0, 2.0] * 9 + [1.0]) is None
    assert control_limits([1.0, 2.0] * 10) is not None


def test_old_points_are_forgotten() -> None:
    limits = control_limits([100.0] * 20 + [1.0, 2.0] * 15)
    assert limits is not None
    assert (limits.mean, limits.point_count) == (1.5, 30)


def test_a_detector_that_moves_is_told_when_it_moves_and_not_again_while_it_stays_there() -> None:
    found = nights(26)
    moved = [
        replace(point, whole={**point.whole, "distance_mm": point.whole["distance_mm"] + 0.4})
        if point.geometry_id >= 23
        else point
        for point in found
    ]
    assert left(chart_detector(found)) == []
    assert left(chart_detector(moved)) == [("distance_mm", 23)]


def test_a_panel_that_moves_is_told_by_name() -> None:
    found = nights(24)
    last = replace(found[-1], panels={**found[-1].panels, "panel 1": (80.0, -12.0)})
    assert left(chart_detector([*found[:-1], last])) == [("panel 1 fast", 24)]


def test_many_panels_do_not_cry_wolf() -> None:
    """Sixty panels of a detector that stays, thirty nights: at three standard deviations it would be ten.

    All panels together leave their limits by chance in one night of 370.
    """
    assert [key for key, _ in left(chart_detector(nights(50, panels=60))) if "panel" in key] == []


def test_a_panel_that_was_not_refined_one_night_has_no_point_there() -> None:
    found = nights(7)
    without = [replace(point, panels={}) if point.geometry_id == 5 else point for point in found]
    (along_fast, *_) = chart_detector(without).panels
    assert [point.geometry_id for point in along_fast.points] == [n for n in range(1, 8) if n != 5]


def test_the_picture_has_a_chart_for_each_quantity_and_for_the_panels_that_tell() -> None:
    found = nights(24, panels=6)
    last = replace(found[-1], panels={**found[-1].panels, "panel 4": (80.0, -12.0)})
    figure = draw_drift(chart_detector([*found[:-1], last]))
    labels = [" ".join(axes.get_ylabel().split()) for axes in figure.axes]
    assert labels[: len(WHOLE)] == [f"{words} {unit}" for words, unit in WHOLE.values()]
    assert labels[len(WHOLE)] == "panel panel 4 along fast um"
    assert len(labels) == len(WHOLE) + 3


def test_what_a_service_moves_does_not_drift_and_what_moves_after_it_does() -> None:
    found = nights(50)
    opened = [replace(point, whole={**point.whole, "distance_mm": 1.37 + point.whole["distance_mm"]})
              for point in found[25:]]  # fmt: skip
    moved = [*found[:25], *opened]
    # Between the nights 25 and 26.
    service = DetectorService("i24", "PILATUS3 6M", NOW + timedelta(days=25.5), "anna", "a new module")
    assert ("distance_mm", 26) in left(chart_detector(moved))
    drift = chart_detector(moved, [service])
    # As if nothing had moved: each part has its own limits, and chance strikes both alike.
    assert left(drift) == left(chart_detector(found, [service]))
    assert "distance_mm" not in dict(left(drift))
    counts = [point.limits.point_count if point.limits else 0 for point in drift.whole[0].points]
    assert counts[24] == 24
    assert counts[25:45] == [0] * 20
    assert counts[45:] == [20, 21, 22, 23, 24]
    last = replace(moved[-1], whole={**moved[-1].whole, "distance_mm": 0.37})
    assert ("distance_mm", 50) in left(chart_detector([*moved[:-1], last], [service]))
    figure = draw_drift(drift)
    assert [text.get_text() for text in figure.axes[0].texts] == ["serviced"]
