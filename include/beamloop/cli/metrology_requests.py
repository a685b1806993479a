"""From new data to a run of the DAG refine_metrology, and its candidate."""

import time
from collections.abc import Sequence

from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology_results import MetrologyResult, metrology_result
from beamloop.cli.choices import person
from beamloop.cli.session import find_dials, open_airflow
from beamloop.errors import PermanentError
from beamloop.metrology.ask import OptionsOf, ask_for_metrology
from beamloop.records.identifiers import CollectionId
from beamloop.records.metrology import MetrologyId, MetrologyState

DAG = "refine_metrology"
POLL_S = 2.0


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
    said = ""
    with open_airflow() as airflow:
        while _some_wait(results_of(catalog, asked)):
            if airflow.dag_run_state(DAG, _dag_run_id(asked)) in ("failed", "success"):
                break
            done = _progress(results_of(catalog, asked))
            if done != said:
                console.print(done, highlight=False, markup=False)
                said = done
            time.sleep(POLL_S)
    if _some_wait(results_of(catalog, asked)):
        raise PermanentError(
            "Airflow ended without finishing the metrology; it waits for the next night.",
            evidence=f"the run {_dag_run_id(asked)} of {DAG} in Airflow",
            try_next="Look at the task's log; clear the run to go on at once.",
        )


def _some_wait(results: Sequence[MetrologyResult]) -> bool:
    return any(result.metrology.state is MetrologyState.WAITING for result in results)


def _progress(results: Sequence[MetrologyResult]) -> str:
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
