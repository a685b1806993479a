"""Look at the beamlines' folders and start one run of process_collection per request.

Level-triggered: what the catalogue has not seen started is started, however often this runs, and a
request's run id is the same each time, so a request is processed exactly once.
"""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DeltaTriggerTimetable, dag, task

from connect_services import beamlines_directory, connect_catalog, connect_dials
from translate_errors import fail_when_permanent


@task
@fail_when_permanent
def scan_folders() -> list[dict[str, object]]:
    """Register what is complete; return the requests that wait for a run."""
    from beamloop.watch.follow import look_while_arriving

    with connect_catalog() as catalog:
        requests = look_while_arriving(beamlines_directory(), catalog, connect_dials().version())
    return [
        {"trigger_run_id": request.dag_run_id, "conf": {"request_id": request.request_id}}
        for request in requests
    ]


@dag(
    dag_id="watch_collections",
    schedule=DeltaTriggerTimetable(timedelta(seconds=20)),
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5)},
    max_active_runs=1,
    catchup=False,
    tags=["beamloop"],
    doc_md=__doc__,
)
def watch_collections() -> None:
    """Order of the tasks."""
    TriggerDagRunOperator.partial(
        task_id="start_processing",
        trigger_dag_id="process_collection",
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(scan_folders())


watch_collections()
