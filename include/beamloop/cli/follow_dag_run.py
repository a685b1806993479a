"""Follow the work of one DAG run until it has ended, or Airflow has given it up."""

import time
from collections.abc import Callable

from rich.console import Console

from beamloop.errors import PermanentError
from beamloop.local_stack.airflow_rest import AirflowClient

POLL_S = 2.0
ENDED = ("failed", "success")


def follow_dag_run(
    airflow: AirflowClient,
    dag: str,
    dag_run_id: str,
    progress: Callable[[], str],
    console: Console,
    *,
    given_up: str,
    try_next: str,
) -> None:
    """Say how far the work is whenever that has changed.

    Parameters
    ----------
    airflow
        Where the DAG runs.
    dag, dag_run_id
        Which run it is.
    progress
        Says how far the work is; nothing when all of it has ended.
    console
        Where to.
    given_up, try_next
        What is said when the run has ended and its work has not.

    Raises
    ------
    PermanentError
        When Airflow has given up.
    """
    said = ""
    while words := progress():
        if words != said:
            console.print(words, highlight=False, markup=False)
            said = words
        if airflow.dag_run_state(dag, dag_run_id) in ENDED:
            break
        time.sleep(POLL_S)
    # What its last task has recorded between the two questions counts.
    if progress():
        raise PermanentError(
            given_up, evidence=f"the run {dag_run_id} of {dag} in Airflow", try_next=try_next
        )
