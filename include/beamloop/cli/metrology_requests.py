"""From new data to a run of the DAG refine_metrology, and its candidate."""

from collections.abc import Sequence

from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology_results import MetrologyResult, metrology_result
from beamloop.cli.choices import person
from beamloop.cli.follow_dag_run import follow_dag_run
from beamloop.cli.session import find_dials, open_airflow
from beamloop.metrology.ask import OptionsOf, ask_for_metrology
from beamloop.records.identifiers import CollectionId
from beamloop.records.metrology import MetrologyId, MetrologyState

DAG = "refine_metrology"


def ask_and_start(
    catalog: Catalog,
    options_of: OptionsOf,
    *,
    beamline: str | None,
    collection_id: CollectionId | None,
    again: bool = False,
) -> list[MetrologyId]:
    """Ask for what has new data, and start a DAG run for it.

    Returns
    -------
    list of MetrologyId
        The new ones; nothing is started where there are none.
    """
    with catalog.transaction() as connection:
        asked = ask_for_metrology(
            connection,
            find_dials().version(),
            requested_by=person(),
            beamline=beamline,
            collection_id=collection_id,
            options_of=options_of,
            again=again,
        )
    if asked:
        with open_airflow() as airflow:
            airflow.trigger(DAG, _dag_run_id(asked), {"metrology_ids": asked})
    return asked


def _dag_run_id(asked: Sequence[MetrologyId]) -> str:
    return f"metrology-{asked[0]}-{asked[-1]}"


def follow_metrologies(catalog: Catalog, asked: Sequence[MetrologyId], console: Console) -> None:
    """Say how far they are until all have ended; nobody waits here for a person's approval.

    Raises
    ------
    PermanentError
        When Airflow has given up.
    """
    with open_airflow() as airflow:
        follow_dag_run(
            airflow,
            DAG,
            _dag_run_id(asked),
            lambda: _progress(results_of(catalog, asked)),
            console,
            given_up="Airflow ended without finishing the metrology; it waits for the next night.",
            try_next="Look at the task's log; clear the run to go on at once.",
        )


def _progress(results: Sequence[MetrologyResult]) -> str:
    """Say which step each detector has behind it; nothing when all have ended."""
    if all(result.metrology.state is not MetrologyState.WAITING for result in results):
        return ""
    parts = [
        f"{result.metrology.name}: {result.steps[-1].step} done, {result.steps[-1].finding}"
        for result in results
        if result.steps
    ]
    return "; ".join(parts) or "Waiting for Airflow"


def results_of(catalog: Catalog, asked: Sequence[MetrologyId]) -> list[MetrologyResult]:
    """Return metrologies as they are now."""
    with catalog.transaction() as connection:
        return [metrology_result(connection, metrology_id) for metrology_id in asked]
