"""Whether a detector stays where it was: charts of single values with control limits.

Source: D. C. Montgomery, Introduction to Statistical Quality Control, 7th ed. (2013), section 6.4; the same
in the NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, "Individuals control charts".
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from math import sqrt
from statistics import NormalDist, fmean, median

from beamloop.catalog.connection import Connection
from beamloop.catalog.drift import detector_points, detector_services
from beamloop.records.drift import (
    WHOLE,
    ControlLimits,
    Departure,
    DetectorDrift,
    DetectorPoint,
    DetectorService,
    DriftPoint,
    DriftSeries,
)
from beamloop.records.geometry import GeometryGate, GeometryVersion

# Mean range of two values of one normal distribution, in units of its standard deviation: 2/sqrt(pi).
MEAN_RANGE_OF_TWO = 1.128
WIDTH = 3.0  # standard deviations: one point of 370 lies beyond by chance, where they are known
CHANCE = 2 * (1 - NormalDist().cdf(WIDTH))
# The handbook's least. Of limits from 10 points, 2.6 % of what stays in place lies beyond; from 20 points,
# 1.0 %; from 30 points, 0.7 % (simulated).
LEAST_POINTS = 20
# Older ones say where a detector was before it was serviced.
POINTS_AT_MOST = 30
# A mean range tells a standard deviation as well as 0.6 times as many values do that are taken all together:
# J. D. Cryer and T. P. Ryan, J. Quality Technology 22 (1990) 187.
FREEDOM_PER_POINT = 0.6
# Headers of one setting agree to a hundredth of this.
DISTANCE_STEP = 0.02


def detector_drifts(
    connection: Connection,
    beamline: str | None = None,
    least_held_out_count: int = GeometryGate().least_held_out_count,
) -> list[DetectorDrift]:
    """Chart the detectors of a beamline, or of all, each at each of its distances.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Its name; None: all.
    least_held_out_count
        Metrologies with fewer held-out reflections are left out.
    """
    points = detector_points(connection, beamline, least_held_out_count)
    services = detector_services(connection, beamline)
    found = groupby(points, key=lambda point: (point.beamline, point.detector))
    return [
        chart_detector(group, [one for one in services if (one.beamline, one.detector) == whose])
        for whose, own in found
        for group in _by_distance(list(own))
    ]


def drift_up_to(connection: Connection, version: GeometryVersion) -> DetectorDrift | None:
    """Chart a version's detector at its distance; None where there is nothing to compare it with.

    That is where it is the first one, or was measured with too few held-out reflections.
    """
    for drift in detector_drifts(connection, version.beamline):
        known = [point.geometry_id for point in drift.whole[0].points]
        if version.geometry_id in known and len(known) > 1:
            return drift
    return None


def _by_distance(points: list[DetectorPoint]) -> Iterator[list[DetectorPoint]]:
    """Yield the points of each distance, by time; of points of the same data the last one made stands."""
    by_distance = sorted(points, key=lambda point: point.header_distance_mm)
    starts = [0, *(at for at, (one, other) in enumerate(pairwise(by_distance), start=1)
                   if other.header_distance_mm > (1 + DISTANCE_STEP) * one.header_distance_mm)]  # fmt: skip
    for start, end in pairwise([*starts, len(by_distance)]):
        newest = {
            point.measured_at: point
            for point in sorted(by_distance[start:end], key=lambda point: point.geometry_id)
        }
        yield [newest[at] for at in sorted(newest)]


def chart_detector(
    points: Sequence[DetectorPoint], services: Sequence[DetectorService] = ()
) -> DetectorDrift:
    """Chart a detector at one distance.

    Parameters
    ----------
    points
        By time, at least one.
    services
        By time. Limits are made of points since the last one only: what a service moves does not drift.
    """
    begins = [service.serviced_at for service in services]
    return DetectorDrift(
        beamline=points[0].beamline,
        detector=points[0].detector,
        header_distance_mm=median(point.header_distance_mm for point in points),
        whole=tuple(
            _series(key, words, unit, points, [point.whole[key] for point in points], begins)
            for key, (words, unit) in WHOLE.items()
        ),
        panels=tuple(_panel_series(points, begins)),
        services=tuple(services),
    )


def _panel_series(points: Sequence[DetectorPoint], begins: Sequence[datetime]) -> Iterator[DriftSeries]:
    """Yield two series for each panel of the newest point, with limits for all of them together."""
    names = list(points[-1].panels)
    for name in names:
        own = [point for point in points if name in point.panels]
        for axis, words in enumerate(("fast", "slow")):
            values = [point.panels[name][axis] for point in own]
            series = f"panel {name} along {words}"
            yield _series(f"{name} {words}", series, "um", own, values, begins, 2 * len(names))


def _series(
    key: str,
    words: str,
    unit: str,
    points: Sequence[DetectorPoint],
    values: Sequence[float],
    begins: Sequence[datetime],
    together: int = 1,
) -> DriftSeries:
    times = [point.measured_at for point in points]
    # Of each point: the first one since the last service before it.
    firsts = [bisect_left(times, max((b for b in begins if b <= time), default=times[0])) for time in times]
    return DriftSeries(
        key,
        words,
        unit,
        tuple(
            DriftPoint(
                point.geometry_id, point.measured_at, value, control_limits(values[first:at], together)
            )
            for at, (point, value, first) in enumerate(zip(points, values, firsts, strict=True))
        ),
    )


def control_limits(before: Sequence[float], together: int = 1) -> ControlLimits | None:
    """Return the limits for the next point of an individuals chart.

    The mean of the points before it, plus and minus three standard deviations; the standard deviation is the
    mean of the ranges of neighbours over 1.128. So a slow drift widens the limits little, where the standard
    deviation about the mean would hide it.

    Of many series that are looked at together, one in 370 beyond its limits would be one panel of 60 every
    third night, and more where the standard deviation is little known. There the limits are as wide as
    Student's distribution asks for, so that all together are beyond them as seldom as one (Bonferroni).

    Parameters
    ----------
    before
        Values by time, shape (n,); the last thirty count.
    together
        How many series are looked at together; one: the textbook's limits.

    Returns
    -------
    ControlLimits or None
        In the values' unit; None where fewer than twenty points came before.

    Notes
    -----
    Source: the module's.
    """
    counted = before[-POINTS_AT_MOST:]
    if len(counted) < LEAST_POINTS:
        return None
    mean = fmean(counted)
    sigma = fmean(abs(other - one) for one, other in pairwise(counted)) / MEAN_RANGE_OF_TWO
    half = _width(len(counted), together) * sigma
    return ControlLimits(mean, mean - half, mean + half, len(counted))


def _width(count: int, together: int) -> float:
    """Return how many standard deviations the limits are from the mean."""
    if together == 1:
        return WIDTH
    from scipy.stats import t as student  # slow to import

    quantile = float(student.ppf(1 - CHANCE / (2 * together), FREEDOM_PER_POINT * (count - 1)))
    return quantile * sqrt(1 + 1 / count)


def departures(drift: DetectorDrift) -> list[Departure]:
    """Return what left its limits, each time it did: not the points that stayed out after that one."""
    return [
        Departure(series, point, point.limits)
        for series in (*drift.whole, *drift.panels)
        for before, point in zip((None, *series.points[:-1]), series.points, strict=True)
        if point.limits and point.is_out and not (before is not None and before.is_out)
    ]
