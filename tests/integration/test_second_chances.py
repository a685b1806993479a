"""Second chances in the catalogue: once for each run, and no result is lost by trying."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.services.filled_catalogue import HEXAGONAL, FilledCatalogue, parameters

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import SweepResult, collection_of_request, results_of_collection
from beamloop.catalog.runs import load_run
from beamloop.cli import follow
from beamloop.cli.results_table import print_results
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.outcome import OutcomeCode
from beamloop.records.run import Run
from beamloop.records.sample import Sample
from beamloop.records.siblings import Siblings
from beamloop.sweep.second_chance import list_second_chances
from beamloop.sweep.summary import close_and_summarise

pytestmark = pytest.mark.integration

SIBLINGS = tuple(f"good_{number}" for number in range(1, 6))
LOST = "lost_1"
NO_LATTICE = (OutcomeCode.NO_LATTICE, "No lattice fits.")


@pytest.fixture
def filled(catalog_dsn: str) -> Iterator[FilledCatalogue]:
    with Catalog(catalog_dsn) as catalog:
        yield FilledCatalogue(catalog, Path("/data/plate3"))


def run_of(filled: FilledCatalogue, run_id: RunId) -> Run:
    with filled.catalog.transaction() as connection:
        return load_run(connection, run_id)


def request_of(filled: FilledCatalogue, sweep: str) -> RequestId:
    return run_of(filled, filled.runs[sweep]).request_id


def fill(filled: FilledCatalogue, siblings: tuple[str, ...] = SIBLINGS) -> RequestId:
    """Process siblings, lose one sweep."""
    filled.ask(*siblings, LOST)
    for sibling in siblings:
        filled.end(sibling, OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
    filled.end(LOST, *NO_LATTICE)
    return request_of(filled, LOST)


def result_of(filled: FilledCatalogue, sweep: str) -> SweepResult:
    with filled.catalog.transaction() as connection:
        collection_id = collection_of_request(connection, request_of(filled, SIBLINGS[0]))
        results = results_of_collection(connection, collection_id)
    return {result.sweep: result for result in results}[sweep]


def test_a_lost_sweep_gets_a_new_run_with_what_its_siblings_found_however_often_it_is_asked(
    filled: FilledCatalogue,
) -> None:
    request_id = fill(filled)
    given = list_second_chances(filled.catalog, request_id)
    assert [name for _, name in given] == [LOST]
    assert list_second_chances(filled.catalog, request_id) == given
    run = run_of(filled, given[0][0])
    assert run.parameters.siblings == Siblings(5, 250.0, 84.0, 90.0)
    assert run.parameters.sample == HEXAGONAL
    assert run.outcome is None
    first = run_of(filled, filled.runs[LOST])
    assert first.outcome is not None
    assert first.outcome.code is OutcomeCode.NO_LATTICE


def test_two_who_ask_at_once_give_one_second_chance(filled: FilledCatalogue) -> None:
    request_id = fill(filled)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: list_second_chances(filled.catalog, request_id), range(2)))
    assert answers[0] == answers[1]
    assert len(answers[0]) == 1


def test_four_siblings_are_not_enough(filled: FilledCatalogue) -> None:
    assert list_second_chances(filled.catalog, fill(filled, SIBLINGS[:4])) == []


def test_a_sweep_that_came_before_its_siblings_gets_its_chance_with_the_fifth(
    filled: FilledCatalogue,
) -> None:
    first_request = fill(filled, SIBLINGS[:4])
    assert list_second_chances(filled.catalog, first_request) == []
    filled.ask(SIBLINGS[4])
    filled.end(SIBLINGS[4], OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
    given = list_second_chances(filled.catalog, request_of(filled, SIBLINGS[4]))
    assert [name for _, name in given] == [LOST]


def test_a_second_chance_that_fails_is_the_last_one(filled: FilledCatalogue) -> None:
    ((run_id, _),) = list_second_chances(filled.catalog, fill(filled))
    filled.runs[LOST] = run_id
    filled.end(LOST, *NO_LATTICE)
    filled.ask("good_6")
    filled.end("good_6", OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
    assert list_second_chances(filled.catalog, request_of(filled, "good_6")) == []
    assert result_of(filled, LOST).run_id == run_id


@pytest.mark.parametrize(
    ("code", "better"), [(OutcomeCode.WRONG_SYMMETRY, False), (OutcomeCode.PROCESSED, True)]
)
def test_a_triclinic_result_stays_until_the_siblings_symmetry_is_processed(
    filled: FilledCatalogue, code: OutcomeCode, *, better: bool
) -> None:
    unknown = replace(parameters(), sample=Sample())
    filled.ask(*SIBLINGS, LOST, how=unknown)
    for sweep in SIBLINGS:
        filled.end(sweep, OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
    filled.end(LOST, OutcomeCode.PROCESSED, "Images to MTZ.", "refine", space_group="P 1")
    first = filled.runs[LOST]
    ((run_id, _),) = list_second_chances(filled.catalog, request_of(filled, LOST))
    assert result_of(filled, LOST).run_id == first
    filled.runs[LOST] = run_id
    filled.end(LOST, code, "As it is.", "refine")
    assert result_of(filled, LOST).run_id == (run_id if better else first)


def test_a_wait_ends_with_the_request_and_tells_what_second_chances_changed(
    filled: FilledCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = fill(filled)
    monkeypatch.setattr(follow, "POLL_S", 0.0)
    monkeypatch.setattr(follow, "QUIET_LINE_S", -1.0)
    with filled.catalog.transaction() as connection:
        collection_id = collection_of_request(connection, request_id)

    def give() -> None:
        ((filled.runs[LOST], _),) = list_second_chances(filled.catalog, request_id)

    def process() -> None:
        filled.end(LOST, OutcomeCode.PROCESSED, "Images to MTZ.", "refine")

    def close() -> None:
        close_and_summarise(filled.catalog, request_id)

    acts = iter([give, process, close])

    def read() -> follow.Standing:
        standing = follow.read_standing(filled.catalog, collection_id)
        act = next(acts, None)
        assert standing.has_open_request is (act is not None)
        if act:
            act()
        return standing

    said = StringIO()
    results = follow.follow(Console(file=said, width=200), read)
    assert [(r.sweep, r.code_before) for r in results if r.code_before] == [(LOST, OutcomeCode.NO_LATTICE)]
    assert all(result.outcome and result.outcome.code is OutcomeCode.PROCESSED for result in results)
    assert "5 processed, 1 without result, looking for second chances" in said.getvalue()
    print_results(Console(file=said, width=200), "plate3", results)
    assert f"what the siblings found: {LOST} no_lattice at first, now processed." in said.getvalue()
