"""The end of a request: every run has its outcome, and a person can read which."""

from collections import Counter
from dataclasses import dataclass

from beamloop.catalog.connection import Catalog
from beamloop.catalog.open_requests import close_request
from beamloop.catalog.results import SweepResult, collection_of_request, results_of_collection
from beamloop.records.identifiers import RequestId
from beamloop.records.outcome import NEED_A_PERSON


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """How the runs of a request ended."""

    counts: dict[str, int]  # {"processed": 10, "no_lattice": 1}
    lines: tuple[str, ...]  # ("xtal2_1: processed. Images to MTZ.",)
    need_a_person: tuple[str, ...]  # ("xtal2_7: program_crashed. ...",)


def close_and_summarise(catalog: Catalog, request_id: RequestId) -> RequestSummary:
    """End a request; runs without an outcome are recorded as interrupted.

    Parameters
    ----------
    catalog
        The catalogue.
    request_id
        The request.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        close_request(connection, request_id)
        collection_id = collection_of_request(connection, request_id)
        results = results_of_collection(connection, collection_id, request_id)
    ended = [(result, result.outcome) for result in results if result.outcome]
    return RequestSummary(
        counts=dict(Counter(outcome.code.value for _, outcome in ended)),
        lines=tuple(_line(result) for result, _ in ended),
        need_a_person=tuple(_line(result) for result, outcome in ended if outcome.code in NEED_A_PERSON),
    )


def _line(result: SweepResult) -> str:
    outcome = result.outcome
    if outcome is None:
        return f"{result.sweep}: not ended"
    words = f"{result.sweep}: {outcome.code.value}. {outcome.sentence}"
    return f"{words} {outcome.try_next}".rstrip()
