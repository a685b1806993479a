"""*Geometry*: which refined detector serves which data, what speaks for it, who decided, what is stale."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_services import beamlines_directory
from beamloop.beamlines.find_rules import geometry_rules_of
from beamloop.catalog.geometry import geometry_by_id, sources_of
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.catalog.geometry_questions import open_question
from beamloop.catalog.page_geometry import (
    OpenMetrology,
    file_of_metrology,
    imported_with,
    metrology_of,
    open_metrologies,
    periods,
    versions_listed,
)
from beamloop.catalog.page_now import beamline_names
from beamloop.errors import BeamloopError
from beamloop.geometry.gate import faults
from beamloop.geometry.repeat_words import how_to_repeat
from beamloop.records.geometry import GeometryId, GeometryVersion
from beamloop_ui.access import METROLOGY_DAG, PROCESSING_DAG, User, may_user_act
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline, Number, Offset
from beamloop_ui.faces import read_face
from beamloop_ui.pages.geometry_actions import may_decide
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render
from beamloop_ui.stored_files import send_stored

router = APIRouter()


VERSIONS_SHOWN = 10
PERIODS_SHOWN = 200
METROLOGIES_SHOWN = 5
IMPORTED_SHOWN = 500


@router.get("/geometry")
def page(request: Request) -> Response:
    """Return the page; its script asks for the rest."""
    return render(request, "geometry.html", "Geometry")


@router.get("/api/geometries")
def versions(request: Request, beamline: Beamline = None, offset: Offset = 0) -> Response:
    """Return a part of the versions, when they serve, and what metrology is about."""
    with transaction() as connection:
        found, total = versions_listed(connection, beamline, limit=VERSIONS_SHOWN, offset=offset)
        document = {
            "beamlines": beamline_names(connection),
            "versions": [asdict(version) for version in found],
            "total": total,
            "per_page": VERSIONS_SHOWN,
            "periods": [asdict(one) for one in periods(connection, beamline, PERIODS_SHOWN)],
            "metrologies": [
                _metrology(one) for one in open_metrologies(connection, beamline, METROLOGIES_SHOWN)
            ],
        }
    return answer(request, document)


@router.get("/api/geometries/{geometry_id}")
def version(request: Request, user: User, geometry_id: Number) -> Response:
    """Return one version with its evidence, the gate's findings, decisions, and what was imported with it."""
    number = GeometryId(geometry_id)
    with transaction() as connection:
        found = geometry_by_id(connection, number)
        metrology = metrology_of(connection, number)
        question = open_question(connection, number)
        document = {
            "version": _version(found),
            "decisions": [asdict(decision) for decision in decisions_on(connection, number)],
            "sources": [asdict(source) for source in sources_of(connection, number)],
            "imported": asdict(imported_with(connection, number, IMPORTED_SHOWN)),
            "metrology": asdict(metrology) if metrology else None,
            "question": asdict(question) if question else None,
        }
    document["gate"] = _gate(found)
    document["face"] = _face(found)
    document["may"] = {
        "decide": may_user_act(user, METROLOGY_DAG) and may_decide(user, found.beamline),
        "reprocess": may_user_act(user, PROCESSING_DAG),
    }
    return answer(request, document)


def _metrology(found: OpenMetrology) -> dict[str, Any]:
    repeat = how_to_repeat(found.beamline, ()) if found.state == "failed" else ""
    return asdict(found) | {"try_next": repeat}


def _version(found: GeometryVersion) -> dict[str, Any]:
    values = asdict(found)
    use = values.pop("use")
    return values | {
        "geometry_id": use["geometry_id"],
        "header_distance_mm": use["header_distance_mm"],
        "takes_beam": use["takes_beam"],
        "takes_goniometer": use["takes_goniometer"],
        "models_size_bytes": use["models"]["size_bytes"],
        "evidence": found.evidence.as_json() if found.evidence else None,
    }


def _gate(found: GeometryVersion) -> dict[str, Any]:
    """Say in what a version falls short of the gate of its beamline; "fault" where the gate is not known."""
    try:
        rules = geometry_rules_of(beamlines_directory(), found.beamline)
    except BeamloopError as error:
        return {"faults": [], "limits": None, "approvers": [], "fault": error.what}
    gate = rules.gate()
    return {
        "faults": faults(found, gate),
        "limits": asdict(gate),
        "approvers": rules.approvers,
        "fault": None,
    }


def _face(found: GeometryVersion) -> dict[str, Any]:
    """Return the detector's face; a store that is away takes the picture and not the page."""
    try:
        return read_face(found.use.models) | {"fault": None}
    except BeamloopError as error:
        return {"panels_mm": [], "beam_mm": None, "fault": error.what}


@router.get("/files/geometry/{geometry_id}")
def send_models(geometry_id: Number) -> Response:
    """Send the models of a version, as an import takes them."""
    with transaction() as connection:
        found = geometry_by_id(connection, GeometryId(geometry_id))
    return send_stored(found.use.models, f"geometry-{geometry_id}.expt")


@router.get("/files/metrology/{artifact_id}")
def send_metrology_file(artifact_id: Number, show: bool = False) -> Response:
    """Send a file of a metrology."""
    with transaction() as connection:
        name, stored = file_of_metrology(connection, artifact_id)
    return send_stored(stored, name, show=show)
