"""Bad news of each kind, as a person sees it in Airflow's grid."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.dags.conftest import RunDag

from beamloop.beamlines.profiles import make_parameters
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing
from beamloop.catalog.results import results_of_collection
from beamloop.catalog.runs import load_run, record_outcome
from beamloop.errors import ArtifactDamagedError, StoreUnavailableError
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import CollectionId, RequestId, RunId
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample, UnitCell
from beamloop.records.siblings import Siblings
from beamloop.services import Services
from beamloop.sweep import second_chance, stage
from beamloop.sweep.consensus import Consensus

pytestmark = pytest.mark.dags

NAMES = ("blank_1", "good_1", "good_2")
Behaviour = Callable[[str, str], Outcome | None]


@pytest.fixture
def catalog(catalog_connection: str) -> Iterator[Catalog]:
    with Catalog(catalog_connection) as opened:
        yield opened


@pytest.fixture
def request_of_three(catalog: Catalog) -> tuple[CollectionId, RequestId]:
    sweeps = tuple(
        FoundSweep(NumberedImages(Path("/data/plate"), f"{name}_", 3, ".cbf", 1, 5), "a" * 64)
        for name in NAMES
    )
    parameters = make_parameters("cells", limits=ProgramLimits())
    with catalog.transaction() as connection:
        collection_id, (request_id,) = request_processing(
            connection,
            FoundCollection("i24", Path("/data/plate"), sweeps),
            parameters,
            "3.12.1",
            requested_by="a test",
        )
    return collection_id, request_id


def behave(monkeypatch: pytest.MonkeyPatch, catalog: Catalog, behaviour: Behaviour) -> None:
    """Let a step be done by `behaviour(sweep, step)`; an outcome is recorded as the stage does."""

    def run_step(_: Services, run_id: RunId, step: str) -> Outcome | None:
        with catalog.transaction() as connection:
            run = load_run(connection, run_id)
        if run.outcome:
            return run.outcome
        outcome = behaviour(run.sweep_name, step)
        if outcome:
            with catalog.transaction() as connection:
                record_outcome(connection, run_id, outcome)
        return outcome

    monkeypatch.setattr(stage, "run_step", run_step)


def processed(step: str) -> Outcome | None:
    return Outcome(OutcomeCode.PROCESSED, "Images to MTZ.", step) if step == "export" else None


def outcomes(catalog: Catalog, collection_id: CollectionId) -> dict[str, str]:
    with catalog.transaction() as connection:
        results = results_of_collection(connection, collection_id)
    return {result.sweep: result.outcome.code.value if result.outcome else "" for result in results}


def test_an_outcome_skips_the_rest_of_its_sweep_and_nothing_else(
    run_dag: RunDag,
    catalog: Catalog,
    request_of_three: tuple[CollectionId, RequestId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def blank(sweep: str, step: str) -> Outcome | None:
        if sweep == "blank_1" and step == "find_spots":
            return Outcome(OutcomeCode.NO_SPOTS, "No spots.", step)
        return processed(step)

    behave(monkeypatch, catalog, blank)
    states = run_dag("process_collection", {"request_id": request_of_three[1]})
    assert states["run", -1] == "success"
    assert [states[f"sweep.{step}", 0] for step in ("import", "find_spots", "index", "export")] == [
        "success",
        "skipped",
        "skipped",
        "skipped",
    ]
    assert states["sweep.export", 1] == states["sweep.export", 2] == "success"
    assert outcomes(catalog, request_of_three[0]) == {
        "blank_1": "no_spots",
        "good_1": "processed",
        "good_2": "processed",
    }


def test_a_lost_sweep_gets_its_second_chance_within_the_run(
    run_dag: RunDag,
    catalog: Catalog,
    request_of_three: tuple[CollectionId, RequestId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[str] = []

    def lost_at_first(sweep: str, step: str) -> Outcome | None:
        if sweep == "blank_1" and step == "index":
            tries.append(step)
            if len(tries) == 1:
                return Outcome(OutcomeCode.NO_LATTICE, "No lattice.", step)
        return processed(step)

    behave(monkeypatch, catalog, lost_at_first)
    sample = Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
    agreed = Consensus(sample, Siblings(5, 240.0, 84.0, 90.0))
    monkeypatch.setattr(second_chance, "find_consensus", lambda _: agreed)
    states = run_dag("process_collection", {"request_id": request_of_three[1]})
    assert states["run", -1] == "success"
    assert states["sweep.index", 0] == "skipped"
    assert states["second_chance.export", 0] == "success"
    assert ("second_chance.export", 1) not in states
    assert set(outcomes(catalog, request_of_three[0]).values()) == {"processed"}


def test_a_permanent_error_fails_at_once_and_the_run_asks_for_a_person(
    run_dag: RunDag,
    catalog: Catalog,
    request_of_three: tuple[CollectionId, RequestId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[str] = []

    def damaged(sweep: str, step: str) -> Outcome | None:
        if sweep == "good_1" and step == "index":
            tries.append(step)
            raise ArtifactDamagedError("The object x is damaged.")
        return processed(step)

    behave(monkeypatch, catalog, damaged)
    states = run_dag("process_collection", {"request_id": request_of_three[1]})
    assert tries == ["index"]
    assert states["sweep.index", 1] == "failed"
    assert states["sweep.export", 1] == "upstream_failed"
    assert states["sweep.export", 2] == "success"
    assert states["run", -1] == "failed"
    # The stage would have recorded the damage; without its word the summary says what it knows.
    assert outcomes(catalog, request_of_three[0])["good_1"] == "interrupted"


def test_a_transient_error_is_tried_again(
    run_dag: RunDag,
    catalog: Catalog,
    request_of_three: tuple[CollectionId, RequestId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[str] = []

    def away_once(sweep: str, step: str) -> Outcome | None:
        if sweep == "good_2" and step == "refine":
            tries.append(step)
            if len(tries) == 1:
                raise StoreUnavailableError("The store is away.")
        return processed(step)

    behave(monkeypatch, catalog, away_once)
    states = run_dag("process_collection", {"request_id": request_of_three[1]})
    assert len(tries) == 2
    assert states["run", -1] == "success"
    assert set(outcomes(catalog, request_of_three[0]).values()) == {"processed"}
