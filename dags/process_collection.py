"""Process the sweeps of one request: a mapped group of six DIALS programs per sweep, then a summary.

list_runs ▸ sweep: import ▸ find_spots ▸ index ▸ refine ▸ integrate ▸ export (per sweep)
▸ list_second_chances ▸ second_chance: the same six ▸ summarise
"""

import logging
from datetime import timedelta

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from beamloop.records.identifiers import RequestId
from connect_services import connect_catalog
from sweep_task_group import process_sweep
from translate_errors import fail_when_permanent

log = logging.getLogger("beamloop.process_collection")


def _request_id() -> RequestId:
    return RequestId(get_current_context()["params"]["request_id"])


@task
@fail_when_permanent
def list_runs() -> list[list[object]]:
    """Take the request up; each run with its sweep's name."""
    from beamloop.catalog.intake import take_up

    with connect_catalog() as catalog, catalog.transaction() as connection:
        return [[run_id, name] for run_id, name in take_up(connection, _request_id())]


@task(trigger_rule=TriggerRule.ALL_DONE)
@fail_when_permanent
def list_second_chances() -> list[list[object]]:
    """Sweeps that found no lattice, once more with what their siblings found; each new run and its name."""
    from beamloop.sweep.second_chance import list_second_chances as give

    with connect_catalog() as catalog:
        return [[run_id, name] for run_id, name in give(catalog, _request_id())]


@task(trigger_rule=TriggerRule.ALL_DONE)
@fail_when_permanent
def summarise() -> dict[str, int]:
    """Give every run its outcome; fail where the platform or a program failed, not where the data did."""
    from beamloop.sweep.summary import close_and_summarise

    with connect_catalog() as catalog:
        summary = close_and_summarise(catalog, _request_id())
    for line in summary.lines:
        log.info("%s", line)
    if summary.need_a_person:
        raise AirflowFailException("\n".join(summary.need_a_person))
    return summary.counts


@dag(
    dag_id="process_collection",
    schedule=None,
    params={"request_id": Param(type="integer", description="The catalogue's number of the request.")},
    default_args={
        "retries": 6,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
    },
    # A request has fifty sweeps at most. More wait in Airflow's queue, arrivals too.
    max_active_runs=32,
    max_active_tasks=16,
    catchup=False,
    render_template_as_native_obj=True,
    tags=["beamloop"],
    doc_md=__doc__,
)
def process_collection() -> None:
    """Order of the tasks."""
    again = list_second_chances()
    process_sweep.expand(run=list_runs()) >> again
    process_sweep.override(group_id="second_chance").expand(run=again) >> summarise()


process_collection()
