"""Candidates that nobody is asked about any more: Airflow's run that asked, or was to ask, is gone."""

import logging
from typing import Protocol

from beamloop.beamlines.geometry_rules import LONGEST_WAIT_DAYS
from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.metrology_runs import (
    UndecidedCandidate,
    dag_run_of_metrology,
    note_taken_up,
    undecided_candidates,
)
from beamloop.records.metrology import MetrologyId

log = logging.getLogger(__name__)

DAY_S = 86400.0


class ApprovalTasks(Protocol):
    """What Airflow says of its tasks that ask about candidates."""

    def asks(self, dag_run_id: str, map_index: int) -> bool:
        """Tell whether the task asks, will ask, or has an answer that is being carried out."""
        ...


def take_up_unasked(catalog: Catalog, tasks: ApprovalTasks) -> dict[str, MetrologyId]:
    """Find the candidates that nobody is asked about, and name a run of refine_metrology for each.

    A person deletes a run, or one fails before it asks: then the candidate waits, and nobody knows. So
    Airflow is asked, again and again, whether the task is still there that asks. The new run finds the steps
    done, and goes on at the question. Which run it is to be is kept first: one that was not started after all
    is missed in its turn.

    Parameters
    ----------
    catalog
        Where the candidates are.
    tasks
        What Airflow says.

    Returns
    -------
    dict
        The metrologies to take up, by the name of the run to start.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        undecided = undecided_candidates(connection, LONGEST_WAIT_DAYS * DAY_S)
    unasked = [one for one in undecided if not tasks.asks(one.dag_run_id, one.map_index)]
    return {_take_up(catalog, one): one.metrology_id for one in unasked}


def _take_up(catalog: Catalog, one: UndecidedCandidate) -> str:
    dag_run_id = f"ask-again-{one.metrology_id}-{one.times + 1}"
    words = (
        f"Nobody was asked about geometry {one.geometry_id} any more: Airflow's run {one.dag_run_id} is gone "
        f"or ended. {dag_run_id} asks again."
    )
    with catalog.transaction() as connection:
        note_taken_up(connection, one.metrology_id, dag_run_id, map_index=0)
        note_event(connection, "tend_requests", "asked_again", None, words)
    log.warning("%s", words)
    return dag_run_id


def asked_elsewhere(catalog: Catalog, metrology_id: MetrologyId, dag_run_id: str) -> str:
    """Say which other run asks about a metrology's candidate; "" where it is this one.

    Two nights may take up one metrology, when the first was slow. The later run asks: one candidate is one
    question.
    """
    with catalog.transaction() as connection:
        owner = dag_run_of_metrology(connection, metrology_id)
    return (
        "" if owner in ("", dag_run_id) else f"The run {owner} has taken this metrology up since, and asks."
    )
