"""Who lets a geometry serve, refuses it, or takes it back: by the functions of the commands.

Airflow may be asking somebody about the version at that moment: the trigger of its question looks at the
catalogue and ends the wait when a decision is there.
"""

from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel, ConfigDict

from airflow_services import beamlines_directory
from beamloop.beamlines.find_rules import geometry_rules_of
from beamloop.catalog.geometry import geometry_by_id
from beamloop.errors import BeamloopError, InvalidInputError
from beamloop.geometry import registry
from beamloop.records.geometry import GeometryGate, GeometryId
from beamloop_ui.access import METROLOGY_DAG, User, UserName, may_act
from beamloop_ui.bounds import SentNumber
from beamloop_ui.plain_words import Line, Why
from beamloop_ui.reading import catalog, transaction

router = APIRouter()

QUESTION_ENDS = "Where Airflow waits for this answer, it goes on within seconds."


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    geometry_id: SentNumber
    why: Why


class Promotion(_Decision):
    """A version shall serve."""

    since: Line = ""  # "2026-11-20T18:00": time of the first data, UTC where no zone is named; empty: now
    without_evidence: Literal["no", "yes"] = "no"


@router.post("/api/geometry/promote", dependencies=may_act(METROLOGY_DAG))
def promote(wish: Promotion, user: User, name: UserName) -> dict[str, str]:
    """Let a version serve the data from a time on."""
    number = _asked(user, wish)
    version = registry.promote(
        catalog(),
        number,
        _gate_of,
        since=_time(wish.since),
        by=name,
        why=wish.why,
        without_evidence=wish.without_evidence == "yes",
    )
    until = f" until {version.valid_until:%Y-%m-%d %H:%M} UTC" if version.valid_until else ""
    return {
        "words": f"Geometry {number} serves data from {version.valid_from:%Y-%m-%d %H:%M} UTC{until}. "
        f"{QUESTION_ENDS}"
    }


@router.post("/api/geometry/reject", dependencies=may_act(METROLOGY_DAG))
def reject(wish: _Decision, user: User, name: UserName) -> dict[str, str]:
    """Let a candidate never serve."""
    number = _asked(user, wish)
    registry.reject(catalog(), number, by=name, why=wish.why)
    return {"words": f"Geometry {number} is rejected. {QUESTION_ENDS}"}


@router.post("/api/geometry/withdraw", dependencies=may_act(METROLOGY_DAG))
def withdraw(wish: _Decision, user: User, name: UserName) -> dict[str, str]:
    """End a version's service at all times; the one before it serves in its place."""
    number = _asked(user, wish)
    done = registry.withdraw(catalog(), number, by=name, why=wish.why)
    instead = f"geometry {done.serving_instead}" if done.serving_instead else "the headers' geometry"
    stale = len(done.imported)
    count = "1 sweep is stale" if stale == 1 else f"{stale} sweeps are stale"
    return {"words": f"Geometry {number} is withdrawn. In its place serves {instead}; {count}."}


def may_decide(user: Any, beamline: str) -> bool:
    """Tell whether the beamline's file lets a user decide: its approvers, as Airflow knows them, or all.

    Airflow's own question is put to the same people. A file that cannot be read lets nobody decide.
    """
    try:
        approvers = geometry_rules_of(beamlines_directory(), beamline).approvers
    except BeamloopError:
        return False
    return not approvers or str(user.get_id()) in approvers or str(user.get_name()) in approvers


def _asked(user: Any, wish: _Decision) -> GeometryId:
    """Return the version that is meant.

    Raises
    ------
    HTTPException
        When the user is none of the beamline's approvers (403).
    NotFoundError
        When there is no such version.
    """
    number = GeometryId(wish.geometry_id)
    with transaction() as connection:
        beamline = geometry_by_id(connection, number).beamline
    if not may_decide(user, beamline):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "The beamline's file names others who let a geometry serve."
        )
    return number


def _gate_of(beamline: str) -> GeometryGate:
    return geometry_rules_of(beamlines_directory(), beamline).gate()


def _time(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            f"{text!a} is no time.", try_next='Write it as 2026-11-20T18:00, in UTC; empty is "now".'
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
