"""What one run of the DAG refine_metrology takes up."""

from collections.abc import Sequence

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology import load_metrology
from beamloop.catalog.metrology_requests import waiting_metrologies
from beamloop.catalog.metrology_runs import note_taken_up
from beamloop.metrology.ask import OptionsOf, ask_for_metrology, default_options
from beamloop.records.identifiers import CollectionId
from beamloop.records.metrology import MetrologyId


def take_up_detectors(
    catalog: Catalog,
    dials_version: str,
    *,
    dag_run_id: str,
    metrology_ids: Sequence[int] | None = None,
    beamline: str | None = None,
    collection_id: int | None = None,
    options_of: OptionsOf = default_options,
) -> list[list[object]]:
    """Ask for the detectors that have new data, and return the metrologies that wait.

    That this run works on them is kept: it is the one that asks a person about their candidates.

    Parameters
    ----------
    catalog
        The catalogue.
    dials_version
        E.g. "3.12.1".
    dag_run_id
        The name of Airflow's run.
    metrology_ids
        Only these, where given: nothing is asked for then, and those go on whose candidate nobody has
        decided on.
    beamline, collection_id
        Only its detector, only the sweeps of this collection are asked for.
    options_of
        Returns how a beamline's detector is refined, see :func:`beamloop.metrology.ask.options_for`.

    Returns
    -------
    list
        Number and name of each, e.g. [[3, "i24 250 mm"]]; what an earlier night left undone comes first.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        if metrology_ids is not None:
            chosen = waiting_metrologies(connection, [MetrologyId(number) for number in metrology_ids])
        else:
            ask_for_metrology(
                connection,
                dials_version,
                requested_by="refine_metrology",
                beamline=beamline,
                collection_id=None if collection_id is None else CollectionId(collection_id),
                options_of=options_of,
            )
            chosen = waiting_metrologies(connection)
        for map_index, metrology_id in enumerate(chosen):
            note_taken_up(connection, metrology_id, dag_run_id, map_index)
        found = [load_metrology(connection, metrology_id) for metrology_id in chosen]
    return [[metrology.metrology_id, metrology.name] for metrology in found]
