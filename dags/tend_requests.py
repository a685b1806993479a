"""Close the requests that Airflow has lost, ask again what it lost, tell people what they asked to be told.

close_lost_requests
find_unasked ▸ ask_again (a run of refine_metrology for each candidate that nobody is asked about any more)
notice_events ▸ send_notifications

Level-triggered, like the watcher: what is the case counts, so that a run of this DAG that fails or is missed
loses nothing, and the next one makes up for it. The trigger `TendingWatch` calls this DAG, every minute for
as long as there is something to do; where the triggerer is away, it runs every five minutes.
"""

import logging
from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, DeltaTriggerTimetable, dag, task

from airflow_runs import METROLOGY_DAG, AskedApprovals, AskedDagRuns
from connect_services import beamlines_directory, connect_catalog
from send_by_connection import EmailSender, WebhookSender
from tending_watch import TendingWatch
from translate_errors import fail_when_permanent

log = logging.getLogger("beamloop.tend_requests")

NET = DeltaTriggerTimetable(timedelta(minutes=5))
WATCHER = AssetWatcher(name="catalogue", trigger=TendingWatch())  # type: ignore[no-untyped-call] # Airflow's
WAITING_FOR_TENDING = Asset("beamloop_waiting_for_tending", watchers=[WATCHER])


@task(do_xcom_push=False)
@fail_when_permanent
def close_lost_requests() -> None:
    """Give an outcome to the runs of requests whose DAG run was marked, deleted or lost."""
    from beamloop.sweep.lost_requests import close_lost_requests as close

    with connect_catalog() as catalog:
        close(catalog, AskedDagRuns())


@task
@fail_when_permanent
def find_unasked() -> list[dict[str, object]]:
    """Return the runs to start for candidates that nobody is asked about any more."""
    from beamloop.metrology.ask_again import take_up_unasked

    with connect_catalog() as catalog:
        found = take_up_unasked(catalog, AskedApprovals())
    return [
        {"trigger_run_id": dag_run_id, "conf": {"metrology_ids": [metrology_id]}}
        for dag_run_id, metrology_id in found.items()
    ]


@task(do_xcom_push=False)
@fail_when_permanent
def notice_events() -> None:
    """Put what is worth telling into the outbox."""
    from airflow.configuration import conf

    from beamloop.notices.links import AirflowPages
    from beamloop.notices.outbox import notice_all

    with connect_catalog() as catalog:
        notice_all(beamlines_directory(), catalog, AirflowPages(conf.get("api", "base_url", fallback="")))


@task(do_xcom_push=False)
@fail_when_permanent
def send_notifications() -> None:
    """Send what is in the outbox; a receiver that is away fails nothing here, its messages wait."""
    from beamloop.notices.deliver import Sender, deliver
    from beamloop.records.notification import Channel

    senders: dict[Channel, Sender] = {Channel.WEBHOOK: WebhookSender(), Channel.EMAIL: EmailSender()}
    with connect_catalog() as catalog:
        delivered = deliver(catalog, senders)
    log.info("%d messages sent", delivered.sent)
    for trouble in delivered.troubles:
        log.warning("%s", trouble)


@dag(
    dag_id="tend_requests",
    schedule=AssetOrTimeSchedule(timetable=NET, assets=[WAITING_FOR_TENDING]),
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
    max_active_runs=1,
    catchup=False,
    tags=["beamloop"],
    doc_md=__doc__,
)
def tend_requests() -> None:
    """Order of the tasks."""
    close_lost_requests()
    TriggerDagRunOperator.partial(
        task_id="ask_again",
        trigger_dag_id=METROLOGY_DAG,
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(find_unasked())
    notice_events() >> send_notifications()


tend_requests()
