"""Remove, every night or on demand, what is safely kept elsewhere and what killed programs left.

Run directories of this machine whose retention is over and whose files the store has to the byte, staging
folders, hidden files and incomplete uploads of killed writers. `beamloop clean --dry-run` says what would go.

Of Airflow's own history: runs of Beamloop's DAGs that ended longer ago than the variable
`beamloop_airflow_history_days` says (those that only keep watch after a week), their log files on this
machine, and rows of the tables of events, heartbeats and what people did.
"""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import CronTriggerTimetable, Param, Variable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

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


@task
@fail_when_permanent
def trim_airflow() -> str:
    """Trim Airflow's history; say what went."""
    from airflow.configuration import conf

    from airflow_services import connect_airflow
    from beamloop.errors import InvalidInputError
    from beamloop.housekeeping.airflow_history import DEFAULT_DAYS, history_kept
    from beamloop.housekeeping.trim_airflow import trim_airflow as trim

    kept = history_kept(Variable.get("beamloop_airflow_history_days", default=str(DEFAULT_DAYS)))
    if kept is None:
        return "Airflow's history is kept for ever."
    dry_run = bool(get_current_context()["params"]["dry_run"])
    try:
        client = connect_airflow()
    except InvalidInputError as error:
        raise AirflowSkipException("Nothing is trimmed without the connection `beamloop_airflow`.") from error
    with client as airflow:
        trimmed = trim(
            airflow, Path(conf.get("logging", "base_log_folder")), datetime.now(UTC), kept, dry_run=dry_run
        )
    words = trimmed.summary(dry_run=dry_run)
    log.info("%s", words)
    return words


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
    trim_airflow()


housekeeping()
