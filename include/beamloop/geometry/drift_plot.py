"""Draw where a detector was found over time; matplotlib is imported when something is drawn."""

from math import nan
from typing import TYPE_CHECKING, Any

from beamloop.records.drift import DetectorDrift, DriftSeries

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers too.
POINT_COLOUR, OUT_COLOUR, LIMIT_COLOUR, SERVICE_COLOUR = "#0072B2", "#D55E00", "#999999", "#000000"
PANELS_DRAWN = 3  # series of panels: those that left their limits farthest, or changed most


def draw_drift(drift: DetectorDrift) -> "Figure":
    """Return one chart for each quantity: points, mean and control limits, those beyond them in orange.

    Of the panels' series those are drawn whose newest point is farthest from the mean before it, in widths of
    their limits; without limits, the first ones.
    """
    from matplotlib.figure import Figure

    series = [*drift.whole, *_telling_panels(drift)]
    figure = Figure(figsize=(10, 1.9 * len(series) + 0.6), layout="constrained", dpi=110)
    figure.suptitle(
        f"{drift.beamline}, {drift.detector}, {drift.header_distance_mm:.1f} mm: refined less headers'",
        fontsize=12,
    )
    grid = figure.subplots(len(series), 1, sharex=True, squeeze=False)
    for axes, one in zip(grid[:, 0], series, strict=True):
        _draw_series(axes, one)
        for service in drift.services:
            axes.axvline(service.serviced_at, color=SERVICE_COLOUR, linewidth=1.5, linestyle=":")
    for service in drift.services:
        grid[0, 0].annotate(
            "serviced", (service.serviced_at, 1), xycoords=("data", "axes fraction"), fontsize=9,
            xytext=(3, -3), textcoords="offset points", va="top", color=SERVICE_COLOUR,
        )  # fmt: skip
    grid[-1, 0].set_xlabel("time of the data (UTC)", fontsize=11)
    figure.autofmt_xdate()
    return figure


def _telling_panels(drift: DetectorDrift) -> list[DriftSeries]:
    def distance(series: DriftSeries) -> float:
        newest = series.points[-1]
        if newest.limits is None or newest.limits.upper == newest.limits.mean:
            return 0.0
        return abs(newest.value - newest.limits.mean) / (newest.limits.upper - newest.limits.mean)

    return sorted(drift.panels, key=distance, reverse=True)[:PANELS_DRAWN]


def _draw_series(axes: Any, series: DriftSeries) -> None:
    times = [point.measured_at for point in series.points]
    for side in ("lower", "mean", "upper"):
        axes.step(
            times,
            # Where there are none the line is broken: they begin anew after a service.
            [getattr(point.limits, side) if point.limits else nan for point in series.points],
            where="mid",
            color=LIMIT_COLOUR,
            linewidth=1,
            linestyle="-" if side == "mean" else "--",
        )
    axes.plot(times, [point.value for point in series.points], color=POINT_COLOUR, linewidth=0.8)
    for out, colour, marker in ((False, POINT_COLOUR, "o"), (True, OUT_COLOUR, "D")):
        chosen = [point for point in series.points if point.is_out is out]
        axes.plot(
            [point.measured_at for point in chosen],
            [point.value for point in chosen],
            marker,
            color=colour,
            markersize=6 if out else 4,
        )
    axes.set_ylabel(f"{series.words}\n{series.unit}".replace(" along", "\nalong"), fontsize=9)
    axes.tick_params(labelsize=9)
