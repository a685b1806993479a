"""Remove, every night or on demand, what is safely kept elsewhere and what killed programs left.

Run directories of this machine whose retention is over and whose files the store has to the byte, staging
folders, hidden files and incomplete uploads of killed writers. `beamloop clean --dry-run` says what would go.
"""

import logging
from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from connect_services import beamlines_directory, connect_services
from translate_errors import fail_when_permanent

log = logging.getLogger("beamloop.housekeeping")


@task
@fail_when_permanent
def clean() -> str:
    """Do one round; say what was removed and how many bytes."""
    from beamloop.housekeeping.clean import clean as clean_up

    services = connect_services()
    dry_run = bool(get_current_context()["params"]["dry_run"])
    with services.catalog:
        report = clean_up(
            services.run_root, services.catalog, services.store, beamlines_directory(), dry_run=dry_run
        )
    return report.summary(dry_run=dry_run)


@dag(
    dag_id="housekeeping",
    # After the nightly refinements, before the day's first people.
    schedule=CronTriggerTimetable("0 5 * * *", timezone="UTC"),
    params={"dry_run": Param(False, type="boolean", description="Only say what would be removed.")},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
    max_active_runs=1,
    catchup=False,
    tags=["beamloop"],
    doc_md=__doc__,
)
def housekeeping() -> None:
    """Order of the tasks."""
    clean()


housekeeping()
