"""Look at the beamlines' folders and at the catalogue, and start what waits for a run.

That is one run of process_collection per request, and one of check_isomorphism per change of a collection.
Level-triggered: what the catalogue has not seen started is started, however often this runs, and the run
id of a piece of work is the same each time, so that it is done exactly once.
"""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DeltaTriggerTimetable, dag, task

from connect_services import beamlines_directory, connect_catalog, connect_dials
from translate_errors import fail_when_permanent


@task
@fail_when_permanent
def scan_folders() -> list[dict[str, object]]:
    """Register what is complete; return the requests and the changed collections that wait for a run."""
    from beamloop.catalog.isomorphism_snapshot import due_checks
    from beamloop.watch.follow import look_while_arriving

    with connect_catalog() as catalog:
        requests = look_while_arriving(beamlines_directory(), catalog, connect_dials().version())
        with catalog.transaction() as connection:
            checks = due_checks(connection)
    return [
        *(_run("process_collection", r.dag_run_id, {"request_id": r.request_id}) for r in requests),
        *(_run("check_isomorphism", c.dag_run_id, {"collection_id": c.collection_id}) for c in checks),
    ]


def _run(dag_id: str, dag_run_id: str, conf: dict[str, int]) -> dict[str, object]:
    return {"trigger_dag_id": dag_id, "trigger_run_id": dag_run_id, "conf": conf}


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
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(scan_folders())


watch_collections()
