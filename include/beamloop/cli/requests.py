"""From requests in the catalogue to DAG runs in Airflow, and how a command ends afterwards."""

from collections.abc import Sequence

import typer

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_by_id
from beamloop.catalog.results import SweepResult
from beamloop.cli.session import open_airflow
from beamloop.records.identifiers import RequestId
from beamloop.records.outcome import NEED_A_PERSON

DAG = "process_collection"


def start_requests(catalog: Catalog, requests: Sequence[RequestId]) -> None:
    """Start a DAG run per request; where Airflow is away, the watcher starts it when it is back."""
    with open_airflow() as airflow:
        for request_id in requests:
            with catalog.transaction() as connection:
                dag_run_id = request_by_id(connection, request_id).dag_run_id
            airflow.trigger(DAG, dag_run_id, {"request_id": request_id})


def fail_when_a_person_is_needed(results: Sequence[SweepResult]) -> None:
    """End the command with 1 when a program crashed or the platform failed."""
    if any(result.outcome and result.outcome.code in NEED_A_PERSON for result in results):
        raise typer.Exit(1)
