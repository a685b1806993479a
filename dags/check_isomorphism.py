"""Which crystals of a collection belong together: a report on its cells whenever it gained results.

Started by watch_collections when the catalogue has news of a collection, or by hand with its number. The
report is made by the first task; the second ends as the cells are: *skipped*, with the reason, when there
are several crystal forms or too few crystals, *failed* when cells cannot be right. Neither is tried again.
"""

import logging
from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from connect_services import beamlines_directory, connect_services
from end_with_supervisor import ended_with_supervisor
from translate_errors import fail_when_permanent, show_verdict

log = logging.getLogger("beamloop.check_isomorphism")


@task
@fail_when_permanent
def report() -> list[str]:
    """Report on the collection as it is now, unless such a report is there; return how it ends."""
    from beamloop.isomorphism.check import check_collection
    from beamloop.records.identifiers import CollectionId

    with ended_with_supervisor():
        services = connect_services()
        collection_id = CollectionId(get_current_context()["params"]["collection_id"])
        result = check_collection(services, collection_id, beamlines_directory())
    log.info("%s", result.sentence)
    if not result.is_new:
        log.info("Nothing has changed since report %s.", result.report_id)
    return [result.verdict.value, result.sentence, result.try_next]


@task(retries=0)
def isomorphous(ended: list[str]) -> None:
    """Show how the report ends."""
    from beamloop.records.isomorphism import Verdict

    verdict, sentence, try_next = ended
    show_verdict(Verdict(verdict), sentence, try_next)


@dag(
    dag_id="check_isomorphism",
    schedule=None,
    params={"collection_id": Param(type="integer", description="The catalogue's number of the collection.")},
    default_args={
        "retries": 6,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
    },
    max_active_runs=2,
    catchup=False,
    tags=["beamloop"],
    doc_md=__doc__,
)
def check_isomorphism() -> None:
    """Order of the tasks."""
    isomorphous(report())  # type: ignore[arg-type] # XCom carries it


check_isomorphism()
