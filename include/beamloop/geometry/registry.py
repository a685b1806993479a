"""Which geometry serves data of which time: promotion, rejection, withdrawal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from beamloop.catalog import geometry as versions
from beamloop.catalog import geometry_decisions as decisions
from beamloop.catalog.connection import Catalog, Connection
from beamloop.errors import InvalidInputError
from beamloop.geometry.gate import faults
from beamloop.records.geometry import (
    GeometryGate,
    GeometryId,
    GeometryState,
    GeometryVersion,
    ImportedSweep,
)

SERVING = (GeometryState.IN_FORCE, GeometryState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the end of a version means."""

    serving_instead: GeometryId | None  # the version before it; None: the header's geometry
    imported: tuple[ImportedSweep, ...]  # with the withdrawn version


def in_force(catalog: Catalog, beamline: str, at: datetime) -> GeometryVersion | None:
    """Return the version that serves a beamline's data of a time; None: the header's geometry."""
    with catalog.transaction() as connection:
        geometry_id = versions.geometry_in_force(connection, beamline, at)
        return None if geometry_id is None else versions.geometry_by_id(connection, geometry_id)


def promote(
    catalog: Catalog,
    geometry_id: GeometryId,
    gate_of: Callable[[str], GeometryGate],
    *,
    since: datetime,
    by: str,
    why: str,
    without_evidence: bool = False,
    only_candidate: bool = False,
) -> GeometryVersion:
    """Let a version serve the data from a time on, until the next one begins where there is a later one.

    The version that served then serves until that time. A version that was rejected or withdrawn may be
    promoted; the decisions tell.

    Parameters
    ----------
    catalog
        The catalogue.
    geometry_id
        The version.
    gate_of
        Returns what a beamline asks of a version.
    since
        Time of the first data that it serves, with its time zone.
    by, why
        Who decides, and the reason.
    without_evidence
        A person takes it upon themselves that there is no evidence. Evidence that speaks against a version is
        never passed over.
    only_candidate
        Refuse a version on which somebody has decided: the answer to a question of before that decision.

    Returns
    -------
    GeometryVersion
        As it serves now.

    Raises
    ------
    InvalidInputError
        When it serves already, falls short of the gate, or another one begins at that very time; or is no
        candidate where only one will do.
    NotFoundError
        When there is no such version.
    """
    why = _reason(why)
    with catalog.transaction() as connection:
        version = _locked(connection, geometry_id)
        if only_candidate:
            _require_candidate(version)
        if version.state in SERVING:
            raise InvalidInputError(
                f"Geometry {geometry_id} serves already, from {version.valid_from:%Y-%m-%d %H:%M %Z}.",
                try_next="Withdraw it first to let it serve another time.",
            )
        _require_gate(version, gate_of(version.beamline), without_evidence)
        until = decisions.next_geometry_from(connection, version.beamline, since)
        if until == since:
            raise InvalidInputError(
                f"Another geometry of {version.beamline} begins to serve at that very time.",
                try_next="Withdraw that one, or let this one begin later.",
            )
        decisions.put_in_force(connection, version, since, until)
        decisions.note_decision(
            connection,
            geometry_id,
            "promote",
            by,
            why,
            in_force_from=since,
            without_evidence=version.evidence is None,
        )
        return versions.geometry_by_id(connection, geometry_id)


def reject(catalog: Catalog, geometry_id: GeometryId, *, by: str, why: str) -> GeometryVersion:
    """Let a candidate never serve.

    Raises
    ------
    InvalidInputError
        When it is no candidate.
    NotFoundError
        When there is no such version.
    """
    why = _reason(why)
    with catalog.transaction() as connection:
        _require_candidate(_locked(connection, geometry_id))
        decisions.set_rejected(connection, geometry_id)
        decisions.note_decision(connection, geometry_id, "reject", by, why)
        return versions.geometry_by_id(connection, geometry_id)


def withdraw(catalog: Catalog, geometry_id: GeometryId, *, by: str, why: str) -> Withdrawal:
    """End a version's service at all times; the version before it serves in its place.

    Raises
    ------
    InvalidInputError
        When it does not serve.
    NotFoundError
        When there is no such version.
    """
    why = _reason(why)
    with catalog.transaction() as connection:
        version = _locked(connection, geometry_id)
        if version.state not in SERVING:
            raise InvalidInputError(
                f"Geometry {geometry_id} is {version.state.value} and serves nothing.",
                try_next="`beamloop geometry reject` refuses a candidate.",
            )
        earlier = decisions.set_withdrawn(connection, geometry_id)
        decisions.note_decision(connection, geometry_id, "withdraw", by, why)
        return Withdrawal(earlier, tuple(versions.sweeps_with(connection, geometry_id)))


def _locked(connection: Connection, geometry_id: GeometryId) -> GeometryVersion:
    """Return a version as it stands while nobody else decides on its beamline."""
    beamline = versions.geometry_by_id(connection, geometry_id).beamline
    decisions.lock_geometries(connection, beamline)
    return versions.geometry_by_id(connection, geometry_id)


def _require_candidate(version: GeometryVersion) -> None:
    if version.state is not GeometryState.CANDIDATE:
        raise InvalidInputError(
            f"Geometry {version.geometry_id} is {version.state.value}, not a candidate.",
            try_next="`beamloop geometry withdraw` ends one that serves.",
        )


def _require_gate(version: GeometryVersion, gate: GeometryGate, without_evidence: bool) -> None:
    if version.evidence is None and without_evidence:
        return
    found = faults(version, gate)
    if not found:
        return
    remedy = (
        "Give evidence on held-out data, or take it upon yourself with --without-evidence."
        if version.evidence is None
        else "Refine again with more data; the gate is in the beamline's file, under geometry."
    )
    raise InvalidInputError(
        f"Geometry {version.geometry_id} may not serve. {' '.join(found)}", try_next=remedy
    )


def _reason(why: str) -> str:
    if not why.strip():
        raise InvalidInputError("It is not said why.", try_next="Give the reason with --why.")
    return why.strip()
