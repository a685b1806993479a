"""A detector is no longer where it was."""

from collections.abc import Collection, Sequence

from beamloop.beamlines.beamline_file import Beamline
from beamloop.catalog.connection import Connection
from beamloop.catalog.drift import drift_not_noticed, note_drift_noticed
from beamloop.geometry.drift import departures, detector_drifts
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import line_text, name_text
from beamloop.records.drift import Departure, DetectorDrift
from beamloop.records.geometry import GeometryId
from beamloop.records.notification import Message, NoticeKind

NAMED_AT_MOST = 6
TRY_NEXT = (
    "`beamloop geometry drift --png FILE` draws it. Ask whether the detector was moved, opened or has warmed "
    "up; compare the newest metrology's report with the one before. A version that is right again may be "
    "promoted; one that should not have served is withdrawn. Where it was serviced, say so: "
    "`beamloop geometry serviced DETECTOR --at TIME --why ...` begins its charts anew."
)


def notice_drift(connection: Connection, beamline: Beamline, pages: AirflowPages) -> list[Message]:
    """Return a message for each metrology that found a detector beyond its control limits.

    A quantity is told when it leaves its limits, not again while it stays beyond them.

    Parameters
    ----------
    connection
        Inside a transaction that holds the beamline's lock and also keeps the messages.
    beamline
        Whose detectors.
    pages
        Where Airflow's pages are.
    """
    name = beamline.beamline
    new = drift_not_noticed(connection, name)
    if not new:
        return []
    found = detector_drifts(connection, name, beamline.geometry.least_held_out_count)
    note_drift_noticed(connection, new)
    return [message for drift in found for message in _messages(drift, new, pages)]


def _messages(drift: DetectorDrift, new: Collection[GeometryId], pages: AirflowPages) -> list[Message]:
    left: dict[GeometryId, list[Departure]] = {}
    for departure in departures(drift):
        if departure.point.geometry_id in new:
            left.setdefault(departure.point.geometry_id, []).append(departure)
    return [_message(drift, geometry_id, found, pages) for geometry_id, found in left.items()]


def _message(
    drift: DetectorDrift, geometry_id: GeometryId, left: Sequence[Departure], pages: AirflowPages
) -> Message:
    count = "1 quantity" if len(left) == 1 else f"{len(left)} quantities"
    more = len(left) - NAMED_AT_MOST
    return Message(
        event_key=f"drift-{geometry_id}",
        kind=NoticeKind.DRIFT,
        beamline=drift.beamline,
        collection_id=None,
        title=f"{drift.beamline}: the detector is not where it was, {count} beyond the limits",
        lines=(
            f"{name_text(drift.detector)} at {drift.header_distance_mm:.1f} mm, by geometry {geometry_id} of "
            f"data of {left[0].point.measured_at:%Y-%m-%d %H:%M} UTC, against the headers:",
            *map(_line, left[:NAMED_AT_MOST]),
            *([f"and {more} more, see `beamloop geometry drift --json`"] if more > 0 else []),
            f"Try next: {TRY_NEXT}",
        ),
        link=pages.dag("refine_metrology"),
        facts={"detector": drift.detector, "geometry_id": geometry_id, "beyond": [*map(_facts, left)]},
    )


def _line(left: Departure) -> str:
    return line_text(
        f"{left.series.words}: {left.point.value:+.4g} {left.series.unit}, expected "
        f"{left.limits.lower:+.4g} to {left.limits.upper:+.4g}"
    )


def _facts(left: Departure) -> dict[str, object]:
    return {
        "quantity": left.series.key,
        "unit": left.series.unit,
        "value": left.point.value,
        "lower": left.limits.lower,
        "upper": left.limits.upper,
    }
