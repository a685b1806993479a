"""What the page *Geometry* asks: versions, when they serve, what was imported with them."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import known_file
from beamloop.catalog.connection import QUERIES
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId, RunId, SweepId
from beamloop.records.metrology import MetrologyId


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version as a table shows it; RMSDs along fast (x) and slow (y)."""

    geometry_id: GeometryId  # 7
    beamline: str  # "i24"
    detector: str  # "PILATUS3 6M, S/N 60-0119"
    state: str  # "candidate"
    valid_from: datetime | None  # UTC
    valid_until: datetime | None  # UTC; None: without end
    distance_mm: float  # 250.37, refined
    header_distance_mm: float | None  # 250.0
    hierarchy_level: int  # 1
    panel_count: int  # 60
    origin: str  # "metrology 3"
    made_by: str  # "refine_metrology"
    made_at: datetime  # UTC
    held_out_count: int | None  # 1892; None: without evidence
    rmsd_before_mm: list[float] | None  # [0.061, 0.058], of held-out reflections
    rmsd_after_mm: list[float] | None  # [0.042, 0.040]
    half_split_um: float | None  # 6.6
    decision: str | None  # "promote", the last one
    decided_by: str | None  # "anna"
    decided_at: datetime | None  # UTC
    why: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """When a version serves, or served."""

    geometry_id: GeometryId  # 7
    beamline: str  # "i24"
    state: str  # "in_force"
    valid_from: datetime  # UTC
    valid_until: datetime | None  # UTC; None: without end


@dataclass(frozen=True, slots=True)
class ImportedWith:
    """A sweep whose newest run was imported with a version."""

    run_id: RunId  # 17
    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    collected_at: datetime  # UTC
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    serving_id: GeometryId | None  # what serves it now; None: the headers' geometry
    is_stale: bool  # another geometry serves it now


@dataclass(frozen=True, slots=True)
class ImportedSweeps:
    """Some of the sweeps imported with a version, stale ones first."""

    sweeps: tuple[ImportedWith, ...]
    total: int  # 73
    stale_total: int  # 12


@dataclass(frozen=True, slots=True)
class MetrologyOfVersion:
    """The metrology that a version came of."""

    metrology_id: MetrologyId  # 3
    sentence: str
    requested_by: str  # "refine_metrology"
    asked_at: datetime  # UTC
    ended_at: datetime | None  # UTC
    report_file: int | None  # 12: number of report.html


@dataclass(frozen=True, slots=True)
class OpenMetrology:
    """A metrology that has not ended, or ended without a candidate."""

    metrology_id: MetrologyId  # 3
    beamline: str  # "i24"
    detector: str  # "" until its images have been read
    distance_mm: float  # 250.1
    state: str  # "waiting", "kept", "failed"
    sentence: str
    last_trouble: str
    requested_by: str
    asked_at: datetime  # UTC
    ended_at: datetime | None  # UTC


def versions_listed(
    connection: Connection, beamline: str | None, *, limit: int, offset: int
) -> tuple[list[ListedVersion], int]:
    """Return a part of the versions of a beamline, or of all, the newest first; and how many there are."""
    rows = list(QUERIES.page_geometry_versions(connection, beamline=beamline, limit=limit, offset=offset))
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [ListedVersion(**row) for row in rows], total


def periods(connection: Connection, beamline: str | None, limit: int) -> list[Period]:
    """Return when versions serve, or served before they were withdrawn; the latest first."""
    return [
        Period(**row) for row in QUERIES.page_geometry_periods(connection, beamline=beamline, limit=limit)
    ]


def imported_with(connection: Connection, geometry_id: GeometryId, limit: int) -> ImportedSweeps:
    """Return the sweeps whose newest run was imported with a version, at most `limit`."""
    rows = list(QUERIES.page_sweeps_imported_with(connection, geometry_id=geometry_id, limit=limit))
    found = tuple(ImportedWith(**{name: row[name] for name in ImportedWith.__slots__}) for row in rows)
    return ImportedSweeps(found, rows[0]["total"] if rows else 0, rows[0]["stale_total"] if rows else 0)


def metrology_of(connection: Connection, geometry_id: GeometryId) -> MetrologyOfVersion | None:
    """Return the metrology that a version came of; None where it was made elsewhere."""
    row = QUERIES.page_metrology_of_geometry(connection, geometry_id=geometry_id)
    return MetrologyOfVersion(**row) if row else None


def open_metrologies(connection: Connection, beamline: str | None, limit: int) -> list[OpenMetrology]:
    """Return metrologies that have not ended, or ended without a candidate; the newest first."""
    rows = QUERIES.page_open_metrologies(connection, beamline=beamline, limit=limit)
    return [OpenMetrology(**row) for row in rows]


def file_of_metrology(connection: Connection, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a metrology's file and where it is in the store.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    return known_file(QUERIES.page_file_of_metrology(connection, artifact_id=artifact_id), artifact_id)
