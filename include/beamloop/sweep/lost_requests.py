"""End the requests that Airflow no longer works on, so that no run stays without an outcome."""

import logging
from collections.abc import Sequence
from typing import Protocol

from beamloop.catalog.connection import Catalog
from beamloop.catalog.open_requests import OpenRequest, close_lost, open_requests
from beamloop.records.outcome import Outcome, OutcomeCode

log = logging.getLogger(__name__)


class DagRuns(Protocol):
    """What Airflow says of its runs of process_collection."""

    def all_at_work(self, dag_run_ids: Sequence[str]) -> bool:
        """Tell whether each of these runs is there and queued or running: one question for all."""
        ...

    def state(self, dag_run_id: str) -> str:
        """Return "queued", "running", "success" or "failed", and "" where there is no such run."""
        ...

    def gave_up(self, dag_run_id: str) -> bool:
        """Tell whether the last task of an ended run failed by itself, its retries used up."""
        ...


def close_lost_requests(catalog: Catalog, dag_runs: DagRuns) -> list[str]:
    """End every open request whose DAG run has ended, or is gone, without its summary.

    A person who marks a run as failed stops its tasks at once, and no callback or later task of it is sure to
    come. So Airflow is asked, again and again: what is open here and ended there was lost.

    Parameters
    ----------
    catalog
        Where the requests are.
    dag_runs
        What Airflow says.

    Returns
    -------
    list of str
        One line for each request that was ended now.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        requests = open_requests(connection)
    begun = [request.dag_run_id for request in requests if request.has_begun]
    if len(begun) == len(requests) and (not begun or dag_runs.all_at_work(begun)):
        return []
    lines = []
    for request in requests:
        lost = _what_befell(request, dag_runs)
        if lost is None:
            continue
        with catalog.transaction() as connection:
            count = close_lost(connection, request, lost)
        lines.append(f"{request.dag_run_id}: {count} sweeps end as {lost.code.value}. {lost.sentence}")
        log.warning("%s", lines[-1])
    return lines


def _what_befell(request: OpenRequest, dag_runs: DagRuns) -> Outcome | None:
    """Return the outcome of the request's runs that have none, None while the request may still go on."""
    state = dag_runs.state(request.dag_run_id)
    if state in ("success", "failed"):
        if dag_runs.gave_up(request.dag_run_id):
            words = "Airflow gave the run up: its last task failed in every try."
            return Outcome(OutcomeCode.INTERRUPTED, words, "")
        words = f"Airflow's run was marked as {state} before this sweep had ended."
        return Outcome(OutcomeCode.CANCELLED, words, "")
    if state == "" and request.has_begun:
        words = "Airflow's run was deleted before this sweep had ended."
        return Outcome(OutcomeCode.CANCELLED, words, "")
    return None
