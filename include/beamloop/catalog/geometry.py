"""Geometry versions: candidates, the one that serves data of a time, provenance."""

from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES, Row
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import (
    GeometryId,
    GeometrySource,
    GeometryState,
    GeometryUse,
    GeometryVersion,
    ImportedSweep,
    NewGeometry,
    SourceRole,
    StaleSweep,
    WaitingCandidate,
)
from beamloop.records.identifiers import CollectionId, RunId, SweepId


def add_geometry(connection: Connection, new: NewGeometry) -> GeometryId | None:
    """Add a candidate with the runs that made it; None where these models are a version already."""
    QUERIES.add_beamline(connection, beamline=new.beamline)
    number = QUERIES.add_geometry(
        connection,
        detector_id=QUERIES.put_detector(connection, beamline=new.beamline, identifier=new.detector),
        beamline=new.beamline,
        distance_mm=new.models.distance_mm,
        header_distance_mm=new.header_distance_mm,
        hierarchy_level=new.hierarchy_level,
        panel_count=new.models.panel_count,
        multi_panel=new.models.multi_panel,
        takes_beam=new.takes_beam,
        takes_goniometer=new.takes_goniometer,
        models_key=new.stored.key,
        models_sha256=new.stored.sha256,
        models_size_bytes=new.stored.size_bytes,
        evidence=Json(new.evidence.as_json()) if new.evidence else None,
        origin=new.origin,
        made_by=new.made_by,
    )
    if number is None:
        return None
    for run_id, role in new.sources.items():
        QUERIES.add_geometry_source(connection, geometry_id=number, run_id=run_id, role=role.value)
    return GeometryId(number)


def geometry_with_models(connection: Connection, models_key: str) -> GeometryId:
    """Return the version that these models are."""
    return GeometryId(QUERIES.geometry_with_models(connection, models_key=models_key))


def geometry_by_id(connection: Connection, geometry_id: GeometryId) -> GeometryVersion:
    """Return a version.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    rows = list(QUERIES.geometry_versions(connection, beamline=None, geometry_id=geometry_id))
    if not rows:
        raise NotFoundError(
            f"There is no geometry {geometry_id}.", try_next="`beamloop geometry list` names them."
        )
    return _version(rows[0])


def geometries(connection: Connection, beamline: str | None = None) -> list[GeometryVersion]:
    """Return the versions of a beamline, or all, the newest first."""
    rows = QUERIES.geometry_versions(connection, beamline=beamline, geometry_id=None)
    return [_version(row) for row in rows]


def _version(row: Row) -> GeometryVersion:
    stored = StoredObject(row["models_key"], row["models_sha256"], row["models_size_bytes"])
    use = GeometryUse(
        geometry_id=GeometryId(row["geometry_id"]),
        models=stored,
        header_distance_mm=row["header_distance_mm"],
        multi_panel=row["multi_panel"],
        takes_beam=row["takes_beam"],
        takes_goniometer=row["takes_goniometer"],
    )
    return GeometryVersion(
        use=use,
        beamline=row["beamline"],
        detector=row["identifier"],
        state=GeometryState(row["state"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        distance_mm=row["distance_mm"],
        hierarchy_level=row["hierarchy_level"],
        panel_count=row["panel_count"],
        evidence=Evidence.from_json(row["evidence"]) if row["evidence"] else None,
        origin=row["origin"],
        made_by=row["made_by"],
        made_at=row["made_at"],
    )


def geometry_in_force(connection: Connection, beamline: str, at: datetime) -> GeometryId | None:
    """Return the version that serves a beamline's data of a time; None: the header's geometry."""
    number = QUERIES.geometry_in_force(connection, beamline=beamline, at=at)
    return None if number is None else GeometryId(number)


def geometry_of_sweep(connection: Connection, sweep_id: SweepId) -> GeometryId | None:
    """Return the version that serves a sweep by the time of its data; None: the header's geometry."""
    number = QUERIES.geometry_of_sweep(connection, sweep_id=sweep_id)
    return None if number is None else GeometryId(number)


def geometry_key(geometry_id: GeometryId | None) -> str:
    """Return what a geometry adds to a run's key."""
    return "" if geometry_id is None else f"geometry {geometry_id}"


def newer_geometry_serving(connection: Connection, geometry_id: GeometryId) -> GeometryId | None:
    """Return the version of the same detector that was made later and serves without end, if there is one."""
    number = QUERIES.newer_geometry_serving(connection, geometry_id=geometry_id)
    return None if number is None else GeometryId(number)


def candidates_beside(connection: Connection, geometry_id: GeometryId) -> list[WaitingCandidate]:
    """Return the other candidates of the same detector, the newest first."""
    return [WaitingCandidate(**row) for row in QUERIES.candidates_beside(connection, geometry_id=geometry_id)]


def stale_sweeps(connection: Connection, collection_id: CollectionId | None = None) -> list[StaleSweep]:
    """Return the sweeps imported with another geometry than serves their data now, of a collection or all."""
    return [StaleSweep(**row) for row in QUERIES.stale_sweeps(connection, collection_id=collection_id)]


def sources_of(connection: Connection, geometry_id: GeometryId) -> list[GeometrySource]:
    """Return the runs whose data made a version."""
    rows = QUERIES.geometry_sources(connection, geometry_id=geometry_id)
    return [
        GeometrySource(RunId(row["run_id"]), SourceRole(row["role"]), row["sweep"], row["collection"])
        for row in rows
    ]


def sweeps_with(connection: Connection, geometry_id: GeometryId) -> list[ImportedSweep]:
    """Return the sweeps whose newest run was imported with a version."""
    rows = QUERIES.sweeps_with_geometry(connection, geometry_id=geometry_id)
    return [ImportedSweep(**{name: row[name] for name in ImportedSweep.__slots__}) for row in rows]
