"""From merges that wait to a run of the DAG merge_group, and its end."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.catalog.merging import MergeResult, merge_result, waiting_merges
from beamloop.cli.follow_dag_run import follow_dag_run
from beamloop.cli.session import open_airflow
from beamloop.records.merging import MergeId

DAG = "merge_group"


def start_merges(catalog: Catalog, merge_ids: Sequence[MergeId]) -> str:
    """Start a run of the DAG for those that wait, also for those that an earlier run has left behind.

    Two runs at once do no harm: a merge is locked while it is at work.

    Returns
    -------
    str
        The DAG run's name; "" where nothing waits.
    """
    waiting = _waiting(catalog, merge_ids)
    if not waiting:
        return ""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    dag_run_id = f"merge-{waiting[0]}-{waiting[-1]}-{moment}"
    with open_airflow() as airflow:
        airflow.trigger(DAG, dag_run_id, {"merge_ids": waiting})
    return dag_run_id


def follow_merges(catalog: Catalog, merge_ids: Sequence[MergeId], dag_run_id: str, console: Console) -> None:
    """Wait until all have ended.

    Raises
    ------
    PermanentError
        When Airflow has given up.
    """
    with open_airflow() as airflow:
        follow_dag_run(
            airflow,
            DAG,
            dag_run_id,
            lambda: "Waiting for Airflow" if _waiting(catalog, merge_ids) else "",
            console,
            given_up="Airflow ended without finishing the merge.",
            try_next="Look at the task's log, then give the same command again.",
        )


def _waiting(catalog: Catalog, merge_ids: Sequence[MergeId]) -> list[MergeId]:
    with catalog.transaction() as connection:
        return waiting_merges(connection, merge_ids)


def results_of(catalog: Catalog, merge_ids: Sequence[MergeId]) -> list[MergeResult]:
    """Return merges as they are now."""
    with catalog.transaction() as connection:
        return [merge_result(connection, merge_id) for merge_id in merge_ids]
