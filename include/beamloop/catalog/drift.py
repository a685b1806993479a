"""Where metrologies found detectors, and which of that has been thought over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.drift import WHOLE, DetectorPoint, DetectorService
from beamloop.records.geometry import GeometryId, GeometryState


@dataclass(frozen=True, slots=True)
class KnownDetector:
    """A detector that the catalogue knows."""

    detector_id: int  # 2
    beamline: str  # "i24"
    identifier: str  # "PILATUS3 6M, S/N 60-0119"


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


def detector_services(connection: Connection, beamline: str | None) -> list[DetectorService]:
    """Return when the detectors of a beamline, or of all, were serviced; by detector and time."""
    return [DetectorService(**row) for row in QUERIES.detector_services(connection, beamline=beamline)]


def detectors_named(connection: Connection, beamline: str | None, part: str) -> list[KnownDetector]:
    """Return the detectors of a beamline, or of all, whose name contains a text."""
    rows = QUERIES.detectors_named(connection, beamline=beamline, part=part)
    return [KnownDetector(**row) for row in rows]


def note_service(
    connection: Connection,
    detector: KnownDetector,
    serviced_at: datetime,
    *,
    said_by: str,
    why: str,
    took_place: bool = True,
) -> None:
    """Keep a person's word that a detector was serviced at a time, or was not; the last one counts."""
    QUERIES.add_detector_word(
        connection,
        detector_id=detector.detector_id,
        serviced_at=serviced_at,
        word="serviced" if took_place else "taken_back",
        said_by=said_by,
        why=why,
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
