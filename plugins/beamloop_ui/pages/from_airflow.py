"""From a DAG run or a task in Airflow to the page of what it is about."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from beamloop.catalog.connection import Connection
from beamloop.catalog.group_tasks import GroupTask, joint_tasks_of, merge_tasks_of
from beamloop.catalog.page_sweep import collection_of_check, mapped_runs
from beamloop.errors import NotFoundError
from beamloop_ui.access import CHECK_DAG, JOINT_DAG, MERGE_DAG, METROLOGY_DAG, PROCESSING_DAG
from beamloop_ui.plain_words import PRINTABLE
from beamloop_ui.reading import transaction

router = APIRouter()

AirflowName = Annotated[str, Query(max_length=250, pattern=PRINTABLE)]
# Airflow leaves the name of what it does not know in the address.
MapIndex = Annotated[str, Query(max_length=20, pattern=r"^(-?\d{0,9}|\{MAP_INDEX\})$")]

# They look after everything.
OF_THE_PLATFORM = ("watch_collections", "tend_requests", "housekeeping")


@router.get("/from-airflow")
def from_airflow(
    request: Request,
    dag_id: AirflowName,
    dag_run_id: AirflowName,
    task_id: AirflowName = "",
    map_index: MapIndex = "",
) -> Response:
    """Lead from a page of Airflow to the page of what it is about."""
    with transaction() as connection:
        page = _page(connection, dag_id, dag_run_id, task_id, map_index)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{page}")


def _page(connection: Connection, dag_id: str, dag_run_id: str, task_id: str, map_index: str) -> str:
    """Return the page's address below the pages' root.

    Raises
    ------
    NotFoundError
        When the run is none of Beamloop's, or the catalogue does not know it.
    """
    if dag_id == PROCESSING_DAG:
        return _of_request(connection, dag_run_id, task_id, map_index)
    if dag_id == CHECK_DAG:
        return _of_collection(collection_of_check(connection, dag_run_id))
    if dag_id == JOINT_DAG:
        return _of_groups("joint", joint_tasks_of(connection, dag_run_id), dag_run_id, map_index)
    if dag_id == MERGE_DAG:
        return _of_groups("merge", merge_tasks_of(connection, dag_run_id), dag_run_id, map_index)
    if dag_id == METROLOGY_DAG:
        return "geometry"
    if dag_id in OF_THE_PLATFORM:
        return "now"
    raise NotFoundError("This run of Airflow is none of Beamloop's.", try_next="Start from Now.")


def _of_request(connection: Connection, dag_run_id: str, task_id: str, map_index: str) -> str:
    collection_id, mapped = mapped_runs(connection, dag_run_id)
    group = task_id.partition(".")[0]
    run = next((one for one in mapped if (one.group, str(one.map_index)) == (group, map_index)), None)
    return f"sweep/{run.sweep_id}?run={run.run_id}" if run else _of_collection(collection_id)


def _of_collection(collection_id: int | None) -> str:
    if collection_id is None:
        raise NotFoundError("The catalogue knows no collection of this run.", try_next="Start from Now.")
    return f"collection/{collection_id}"


def _of_groups(kind: str, tasks: list[GroupTask], dag_run_id: str, map_index: str) -> str:
    """Return the page of a mapped task's group, or of the run's only one; else the run's groups."""
    own = [task for task in tasks if str(task.map_index) == map_index] or tasks
    if len(own) == 1:
        return f"group/{own[0].group_id}?{kind}={own[0].number}"
    return f"groups?{urlencode({kind + '_run': dag_run_id})}"
