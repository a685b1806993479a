"""At the end of a request: one more try, with what their siblings found, for sweeps that found nothing."""

from dataclasses import replace

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.requests import SWEEPS_PER_REQUEST
from beamloop.catalog.results import collection_of_request
from beamloop.catalog.second_chances import give_second_chance, lock_siblings, second_chances
from beamloop.records.identifiers import RequestId, RunId
from beamloop.sweep.consensus import find_consensus, wants_second_chance


def list_second_chances(catalog: Catalog, request_id: RequestId) -> list[tuple[RunId, str]]:
    """Give second chances where the collection's sweeps agree, and return those of this request.

    All sweeps of the collection are looked at, not only this request's: where sweeps arrive one by one,
    the first ones had no siblings yet; at most as many as a request takes. Asked again, it gives nothing new
    and returns the same.

    Parameters
    ----------
    catalog
        The catalogue.
    request_id
        The request, all of whose runs have ended.

    Returns
    -------
    list of (RunId, str)
        Each new run with its sweep's name, in natural order of the name.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        collection_id = collection_of_request(connection, request_id)
        sweeps = lock_siblings(connection, collection_id)
        consensus = find_consensus(sweeps)
        if consensus:
            room = SWEEPS_PER_REQUEST - len(second_chances(connection, request_id))
            wanting = [sweep for sweep in sweeps if wants_second_chance(sweep, consensus)]
            for sweep in wanting[:room]:
                parameters = replace(sweep.parameters, sample=consensus.sample, siblings=consensus.siblings)
                if give_second_chance(connection, request_id, sweep, parameters) is not None:
                    words = f"{sweep.sweep} gets a second chance, with {consensus.sample}"
                    note_event(connection, "siblings", "second_chance", collection_id, words)
        return second_chances(connection, request_id)
