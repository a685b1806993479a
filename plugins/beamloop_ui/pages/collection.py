"""*Collection*: its sweeps, which crystals belong together, what came of their groups."""

from dataclasses import asdict, fields
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from beamloop.catalog.connection import Connection
from beamloop.catalog.isomorphism import findings_of_report, newest_report
from beamloop.catalog.isomorphism_words import standing_limit
from beamloop.catalog.page_collection import (
    Order,
    State,
    SweepWish,
    collection_counts,
    collection_sweeps,
    report_is_due,
    requests_of,
)
from beamloop.catalog.page_joint import (
    joints_listed,
    merges_listed,
)
from beamloop.catalog.page_report import (
    ReportCrystal,
    crystals_of_report,
    file_of_report,
    files_of_report,
    groups_listed,
    published_report,
    tree_of_report,
)
from beamloop.catalog.page_sweep import collection_by_id
from beamloop.records.identifiers import CollectionId, GroupId, ReportId
from beamloop.records.isomorphism import TRY_NEXT, ReportHeader, Standing
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop_ui.access import CHECK_DAG, PROCESSING_DAG, User, may_user_act
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Number, Offset, QueryNumber, Words
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render
from beamloop_ui.stored_files import send_stored
from beamloop_ui.trees import read_trees

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=200)]

REQUESTS_SHOWN = 5
CRYSTAL_COLUMNS = [field.name for field in fields(ReportCrystal)]


@router.get("/collection/{collection_id}")
def page(request: Request, collection_id: Number) -> Response:
    """Return the page of one collection; its script asks for the rest."""
    with transaction() as connection:
        place = collection_by_id(connection, collection_id)
    return render(request, "collection.html", "Collection", place=place)


@router.get("/api/collections/{collection_id}")
def data(request: Request, user: User, collection_id: Number) -> Response:
    """Return how a collection stands: sweeps by outcome, the newest report, joint refinements, merges."""
    with transaction() as connection:
        place = collection_by_id(connection, collection_id)
        number = CollectionId(collection_id)
        header = newest_report(connection, number)
        limit = standing_limit(connection, number)
        document = {
            "collection": asdict(place),
            "step_names": list(STEPS),
            "counts": collection_counts(connection, number),
            "requests": [asdict(one) for one in requests_of(connection, number, REQUESTS_SHOWN)],
            "report": _report(connection, header) if header else None,
            "report_is_due": report_is_due(connection, number, header.report_id if header else None),
            "limit_word": asdict(limit) if limit else None,
            "joints": [asdict(one) for one in joints_listed(connection, number)],
            "merges": [asdict(one) for one in merges_listed(connection, number)],
        }
    document["may"] = {
        "exclude": may_user_act(user, CHECK_DAG),
        "reprocess": may_user_act(user, PROCESSING_DAG),
    }
    return answer(request, document)


def _report(connection: Connection, header: ReportHeader) -> dict[str, Any]:
    return {
        "report_id": header.report_id,
        "published_at": header.published_at,
        "verdict": header.verdict.value,
        "sentence": header.sentence,
        "try_next": TRY_NEXT[header.verdict],
        "setting": header.setting,
        "limit_percent": header.limit_percent,
        "members": asdict(header.members) if header.members else None,
        "everything": asdict(header.everything) if header.everything else None,
        "groups": [asdict(group) for group in groups_listed(connection, header.report_id)],
        "findings": [
            {"severity": finding.severity.value, "sentence": finding.sentence, "sweeps": finding.sweeps[:20]}
            for finding in findings_of_report(connection, header.report_id)
            if not finding.passed
        ],
        "files": [asdict(file) for file in files_of_report(connection, header.report_id)],
    }


@router.get("/api/collections/{collection_id}/sweeps")
def sweeps(
    request: Request,
    collection_id: Number,
    order: Order = "sweep",
    down: bool = False,
    text: Words = None,
    state: State | OutcomeCode | None = None,
    group_id: QueryNumber = None,
    standing: Standing | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """Return a part of a collection's sweeps, filtered and in the order that is asked for."""
    wish = SweepWish(
        order, down, text, state, None if group_id is None else GroupId(group_id), standing, limit, offset
    )
    with transaction() as connection:
        number = collection_by_id(connection, collection_id).collection_id
        header = newest_report(connection, number)
        rows, total = collection_sweeps(connection, number, header.report_id if header else None, wish)
    return answer(request, {"sweeps": [asdict(row) for row in rows], "total": total})


@router.get("/api/reports/{report_id}")
def crystals(request: Request, report_id: Number) -> Response:
    """Return the crystals of a report and their trees; a published report never changes."""
    with transaction() as connection:
        report = published_report(connection, report_id)
        number = ReportId(report_id)
        tree = tree_of_report(connection, number)
        found = crystals_of_report(connection, number)
    document = asdict(report) | {
        # Thousands of them: rows without their names are half as large and made in a fraction of the time.
        "columns": CRYSTAL_COLUMNS,
        "crystals": [[getattr(crystal, name) for name in CRYSTAL_COLUMNS] for crystal in found],
        "trees": read_trees(tree) if tree else None,
    }
    return answer(request, document)


@router.get("/files/report/{artifact_id}")
def send_report_file(artifact_id: Number, show: bool = False) -> Response:
    """Send a file of a report."""
    with transaction() as connection:
        name, stored = file_of_report(connection, artifact_id)
    return send_stored(stored, name, show=show)
