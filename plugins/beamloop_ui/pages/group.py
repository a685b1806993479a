"""*Groups* and *Group*: crystals that belong together, refined jointly and merged."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from beamloop.catalog.connection import Connection
from beamloop.catalog.group_tasks import joint_tasks_of, merge_tasks_of
from beamloop.catalog.page_group import (
    PlacedGroup,
    crystals_of_group,
    group_by_id,
    groups_worked_on,
    joints_of_group,
    merges_of_group,
)
from beamloop.catalog.page_now import beamline_names
from beamloop.records.identifiers import GroupId
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Beamline, Number, Offset
from beamloop_ui.plain_words import PRINTABLE
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render

router = APIRouter()

DagRun = Annotated[str | None, Query(max_length=250, pattern=PRINTABLE)]

GROUPS_SHOWN = 25
# Of a group that is refined every night, half a month of nights.
WORK_SHOWN = 15


@router.get("/groups")
def list_page(request: Request) -> Response:
    """Return the page of all groups that were refined or merged."""
    return render(request, "groups.html", "Groups")


@router.get("/api/groups")
def list_data(
    request: Request,
    beamline: Beamline = None,
    joint_run: DagRun = None,
    merge_run: DagRun = None,
    offset: Offset = 0,
) -> Response:
    """Return a part of the groups, the last worked on first; only those of a run of Airflow, if named."""
    with transaction() as connection:
        chosen = _groups_of_runs(connection, joint_run, merge_run)
        found, total = groups_worked_on(
            connection, beamline, group_ids=chosen, limit=GROUPS_SHOWN, offset=offset
        )
        beamlines = beamline_names(connection)
    rows = [asdict(one) for one in found]
    return answer(request, {"groups": rows, "total": total, "per_page": GROUPS_SHOWN, "beamlines": beamlines})


def _groups_of_runs(
    connection: Connection, joint_run: str | None, merge_run: str | None
) -> list[GroupId] | None:
    """Return the groups that these runs of Airflow are about; None where none is named."""
    if joint_run is not None:
        return [task.group_id for task in joint_tasks_of(connection, joint_run)]
    if merge_run is not None:
        return [task.group_id for task in merge_tasks_of(connection, merge_run)]
    return None


@router.get("/group/{group_id}")
def page(request: Request, group_id: Number) -> Response:
    """Return the page of one group; its script asks for the rest."""
    with transaction() as connection:
        group = group_by_id(connection, group_id)
    return render(request, "group.html", "Group", group=group)


@router.get("/api/groups/{group_id}")
def data(request: Request, group_id: Number) -> Response:
    """Return who belongs to a group, and what was refined and merged of it."""
    with transaction() as connection:
        group = group_by_id(connection, group_id)
        document = {
            "group": asdict(group),
            "crystals": [asdict(one) for one in crystals_of_group(connection, group)],
            **_work(connection, group),
        }
    return answer(request, document)


def _work(connection: Connection, group: PlacedGroup) -> dict[str, Any]:
    return {
        "joints": [asdict(one) for one in joints_of_group(connection, group.group_id, WORK_SHOWN)],
        "merges": [asdict(one) for one in merges_of_group(connection, group.group_id, WORK_SHOWN)],
    }
