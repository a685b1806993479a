"""Start one DAG run per piece of work that waits, where the trigger that looks at the folders could not.

The trigger `FolderWatch` looks at the beamlines' folders every second, in the triggerer, and starts what
waits. This DAG makes Airflow run it, is called by it, and is the net below it: where the triggerer is away,
folders are looked at here. Level-triggered: what the catalogue has not seen started is started, however often
this runs, and the run id of a piece of work is the same each time, so that it is done exactly once.
"""

import logging
from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    AssetWatcher,
    DeltaTriggerTimetable,
    dag,
    get_current_context,
    task,
)

from connect_services import beamlines_directory, connect_catalog, connect_dials
from folder_watch import FolderWatch
from translate_errors import fail_when_permanent

log = logging.getLogger("beamloop.watch_collections")

NET = DeltaTriggerTimetable(timedelta(minutes=5))
WATCHER = AssetWatcher(name="folders", trigger=FolderWatch())  # type: ignore[no-untyped-call] # Airflow's
WAITING_WORK = Asset("beamloop_waiting_work", watchers=[WATCHER])


@task
@fail_when_permanent
def scan_folders() -> list[dict[str, object]]:
    """Register what is complete; return the work that has no run yet."""
    from beamloop.watch.work import look_for_work

    with connect_catalog() as catalog:
        found = look_for_work(beamlines_directory(), catalog, connect_dials().version(), say=log.warning)
    # Most that waits has a run, which waits for its turn: each trigger that finds one costs a task.
    count_runs = get_current_context()["ti"].get_dr_count
    return [
        {"trigger_dag_id": work.dag_id, "trigger_run_id": work.dag_run_id, "conf": work.conf}
        for work in found
        if not count_runs(work.dag_id, run_ids=[work.dag_run_id])
    ]


@dag(
    dag_id="watch_collections",
    schedule=AssetOrTimeSchedule(timetable=NET, assets=[WAITING_WORK]),
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
