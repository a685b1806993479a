"""Where metrologies found detectors, and which of that has been thought over."""

from collections.abc import Sequence

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.drift import WHOLE, DetectorPoint
from beamloop.records.geometry import GeometryId, GeometryState


def detector_points(
    connection: Connection, beamline: str | None, least_held_out_count: int
) -> list[DetectorPoint]:
    """Return where metrologies found the detectors of a beamline, or of all; by detector and time.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Its name; None: all.
    least_held_out_count
        Metrologies with fewer held-out reflections are left out: they measure too little.
    """
    rows = QUERIES.detector_points(connection, beamline=beamline, least_held_out_count=least_held_out_count)
    return [_point(row) for row in rows]


def _point(row: Row) -> DetectorPoint:
    return DetectorPoint(
        geometry_id=GeometryId(row["geometry_id"]),
        beamline=row["beamline"],
        detector=row["detector"],
        state=GeometryState(row["state"]),
        header_distance_mm=row["header_distance_mm"],
        measured_at=row["measured_at"],
        whole={key: row["found"][key] - row["header"][key] for key in WHOLE},
        panels={name: (along_fast, along_slow) for name, along_fast, along_slow in row["panels"] or ()},
    )


def drift_not_noticed(connection: Connection, beamline: str) -> list[GeometryId]:
    """Return the versions of a beamline whose drift nobody has thought over."""
    return [
        GeometryId(row["geometry_id"]) for row in QUERIES.drift_not_noticed(connection, beamline=beamline)
    ]


def note_drift_noticed(connection: Connection, geometry_ids: Sequence[GeometryId]) -> None:
    """Note that the drift of these versions is told, or need not be."""
    QUERIES.note_drift_noticed(connection, geometry_ids=list(geometry_ids))


def let_drift_pass(connection: Connection, except_of: Sequence[str]) -> None:
    """Tell nobody of any drift, except on some beamlines."""
    QUERIES.let_drift_pass(connection, beamlines=list(except_of))
