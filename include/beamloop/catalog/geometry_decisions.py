"""Decisions on geometry versions: who decided what and why, and which version serves from then on."""

from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.geometry import GeometryDecision, GeometryId, GeometryVersion


def lock_geometries(connection: Connection, beamline: str) -> None:
    """Let nobody else decide on a beamline's geometries until the transaction ends."""
    QUERIES.lock_geometries(connection, beamline=beamline)


def next_geometry_from(connection: Connection, beamline: str, since: datetime) -> datetime | None:
    """Return when a version begins to serve, at this time or later."""
    found: datetime | None = QUERIES.next_geometry_from(connection, beamline=beamline, since=since)
    return found


def put_in_force(
    connection: Connection, version: GeometryVersion, since: datetime, until: datetime | None
) -> None:
    """Let a version serve data from a time; the one before serves until then."""
    QUERIES.end_geometry_before(connection, beamline=version.beamline, since=since)
    QUERIES.put_in_force(connection, geometry_id=version.geometry_id, since=since, until=until)


def set_rejected(connection: Connection, geometry_id: GeometryId) -> None:
    """Let a candidate never serve."""
    QUERIES.reject_geometry(connection, geometry_id=geometry_id)


def set_withdrawn(connection: Connection, geometry_id: GeometryId) -> GeometryId | None:
    """End a version's service at all times; return the one before it, which serves in its place."""
    QUERIES.withdraw_geometry(connection, geometry_id=geometry_id)
    earlier = QUERIES.extend_geometry_before(connection, geometry_id=geometry_id)
    return None if earlier is None else GeometryId(earlier)


def note_decision(
    connection: Connection,
    geometry_id: GeometryId,
    decision: str,
    decided_by: str,
    why: str,
    *,
    in_force_from: datetime | None = None,
    without_evidence: bool = False,
) -> None:
    """Keep who decided what, and why."""
    QUERIES.add_geometry_decision(
        connection,
        geometry_id=geometry_id,
        decision=decision,
        decided_by=decided_by,
        why=why,
        in_force_from=in_force_from,
        without_evidence=without_evidence,
    )


def decisions_on(connection: Connection, geometry_id: GeometryId) -> list[GeometryDecision]:
    """Return what was decided on a version, in order."""
    return [
        GeometryDecision(**row) for row in QUERIES.geometry_decisions(connection, geometry_id=geometry_id)
    ]
