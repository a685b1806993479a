"""What the catalogue promises: every fact once, whatever is repeated."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection
from tests.services.postgres_server import PostgresServer

from beamloop.beamlines.profiles import make_parameters
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import known_contents, request_processing, take_up, waiting_requests
from beamloop.catalog.open_requests import close_request
from beamloop.catalog.results import find_collections, results_of_collection
from beamloop.catalog.runs import load_run, record_outcome, record_step, start_run
from beamloop.errors import CatalogUnavailableError, NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import CollectionId, RunId, has_arrived
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramResult
from beamloop.records.run import CrystalFact, IntegrationFact, RungFact, SpotCounts, StepReport
from beamloop.records.sample import Sample, UnitCell

pytestmark = pytest.mark.integration

SAMPLE = Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
PARAMETERS = make_parameters("cells", sample=SAMPLE, limits=ProgramLimits())
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def sweep(name: str, content: str = "a") -> FoundSweep:
    images = NumberedImages(Path("/data/plate3"), f"{name}_", 5, ".cbf", 1, 12, (8,))
    return FoundSweep(images, content * 64)


def collection(*sweeps: FoundSweep) -> FoundCollection:
    return FoundCollection("i24", Path("/data/plate3"), sweeps, SAMPLE)


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


def ask(catalog: Catalog, found: FoundCollection, **options: bool) -> list[RunId]:
    with catalog.transaction() as connection:
        _, requests = request_processing(
            connection, found, PARAMETERS, "3.12.1", requested_by="a test", **options
        )
        return [run_id for request in requests for run_id, _ in take_up(connection, request)]


def report(step: str = "import") -> StepReport:
    program = ProgramResult(
        ("dials.import", "template=it's $(x)"), ProgramEnd.EXITED, 0, 1.5, 1.2, 2**31, NOW, Path("x.out"), ()
    )
    return StepReport(step, NOW, NOW, "12 images", programs=(program,), artifact_names=("imported.expt",))


STORED = [StoredObject("i24/plate3/a/run-1/import/imported.expt", "b" * 64, 10)]


def test_the_same_work_is_asked_for_once(catalog: Catalog) -> None:
    found = collection(sweep("a"), sweep("b"))
    assert len(ask(catalog, found)) == 2
    assert ask(catalog, found) == []


def test_work_is_repeated_when_asked(catalog: Catalog) -> None:
    found = collection(sweep("a"))
    assert ask(catalog, found) != ask(catalog, found, again=True) != []


def test_a_sweep_whose_images_changed_is_new_work(catalog: Catalog) -> None:
    ask(catalog, collection(sweep("a")))
    assert len(ask(catalog, collection(sweep("a", "c"), sweep("b")))) == 2


def test_people_who_ask_at_the_same_moment_start_the_work_once(catalog_dsn: str) -> None:
    def one(_: int) -> int:
        with Catalog(catalog_dsn) as own:
            return len(ask(own, collection(*(sweep(f"s{n}") for n in range(20)))))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 20


def test_a_request_waits_until_it_is_taken_up(catalog: Catalog) -> None:
    with catalog.transaction() as connection:
        request_processing(connection, collection(sweep("a")), PARAMETERS, "3.12.1", requested_by="watch")
    with catalog.transaction() as connection:
        (waiting,) = waiting_requests(connection)
        assert waiting.dag_run_id.startswith("plate3-")
        take_up(connection, waiting.request_id)
        assert waiting_requests(connection) == []


def test_what_has_just_been_collected_is_started_before_what_people_asked_for_earlier(
    catalog: Catalog,
) -> None:
    for name, asker in (("a", "a person"), ("b", "watch")):
        with catalog.transaction() as connection:
            found = collection(sweep(name))
            request_processing(connection, found, PARAMETERS, "3.12.1", requested_by=asker)
    with catalog.transaction() as connection:
        names = [request.dag_run_id for request in waiting_requests(connection)]
    assert [has_arrived(name) for name in names] == [True, False]


def test_more_sweeps_than_one_dag_run_takes_become_several_requests(catalog: Catalog) -> None:
    found = collection(*(sweep(f"s{n}") for n in range(110)))
    with catalog.transaction() as connection:
        _, requests = request_processing(connection, found, PARAMETERS, "3.12.1", requested_by="a test")
        assert [len(take_up(connection, request)) for request in requests] == [50, 50, 10]


def test_known_sweeps_drop_out_of_the_scan_by_content(catalog: Catalog) -> None:
    ask(catalog, collection(sweep("a")))
    with catalog.transaction() as connection:
        known = known_contents(connection, "i24", Path("/data/plate3"))
    assert known == {("a_#####.cbf", "a" * 64)}


def test_a_run_comes_back_as_it_was_asked_for(catalog: Catalog) -> None:
    (run_id,) = ask(catalog, collection(sweep("a")))
    with catalog.transaction() as connection:
        run = load_run(connection, run_id)
    assert run.parameters == PARAMETERS
    assert run.images == sweep("a").images
    assert run.place == f"i24/{run.place.split('/')[1]}/a/run-{run_id}"


def test_an_unknown_run_is_said_to_be_unknown(catalog: Catalog) -> None:
    with catalog.transaction() as connection, pytest.raises(NotFoundError, match="no run 4711"):
        load_run(connection, RunId(4711))


def test_a_step_is_recorded_once_with_everything_it_found(catalog: Catalog) -> None:
    (run_id,) = ask(catalog, collection(sweep("a")))
    crystal = CrystalFact(
        1, "H 3", (98.3, 98.3, 136.6, 90, 90, 120), None, 181, 0.04, 0.05, 0.2, 0.3, 0.1, 250, 84, 90
    )
    full = replace(
        report("integrate"),
        rungs=(RungFact(1, "fft3d", "first", True, 181, "181 indexed", 3.0),),
        spots=SpotCounts(3, (1, 2)),
        crystals=(crystal,),
        integration=IntegrationFact(900, 0, 6.0, 3.0, for_merging=False),
        outcome=Outcome(OutcomeCode.INTEGRATION_FAILED, "For the test.", "integrate"),
    )
    for expected in (True, False):
        with catalog.transaction() as connection:
            assert record_step(connection, run_id, full, STORED) is expected
    with catalog.transaction() as connection:
        run = load_run(connection, run_id)
        (result,) = results_of_collection(connection, _collection_id(connection))
    assert run.steps_done == {"integrate"}
    assert run.outcome == full.outcome
    assert (result.cell, result.spot_count, result.summed_count) == (crystal.cell, 3, 900)
    assert result.cpu_s == pytest.approx(1.2)
    assert result.image_count == 11


def _collection_id(connection: Connection) -> CollectionId:
    return find_collections(connection, "plate3")[0]


def test_a_step_is_recorded_whole_or_not_at_all(catalog: Catalog) -> None:
    (run_id,) = ask(catalog, collection(sweep("a")))
    broken = replace(report(), spots=SpotCounts(-1, ()))
    with pytest.raises(Exception, match="spot_count"), catalog.transaction() as connection:
        record_step(connection, run_id, broken, STORED)
    with catalog.transaction() as connection:
        assert load_run(connection, run_id).steps_done == frozenset()


def test_the_first_outcome_stands(catalog: Catalog) -> None:
    (run_id,) = ask(catalog, collection(sweep("a")))
    first = Outcome(OutcomeCode.NO_LATTICE, "No lattice.", "index")
    with catalog.transaction() as connection:
        record_outcome(connection, run_id, first)
        record_outcome(connection, run_id, Outcome(OutcomeCode.PROCESSED, "Done.", "export"))
        assert load_run(connection, run_id).outcome == first


def test_an_interrupted_run_goes_on_and_may_end_well(catalog: Catalog) -> None:
    (run_id,) = ask(catalog, collection(sweep("a")))
    with catalog.transaction() as connection:
        request_id = load_run(connection, run_id).request_id
        assert close_request(connection, request_id) == [run_id]
        interrupted = load_run(connection, run_id).outcome
        start_run(connection, run_id)
        assert load_run(connection, run_id).outcome is None
        record_outcome(connection, run_id, Outcome(OutcomeCode.PROCESSED, "Done.", "export"))
        assert close_request(connection, request_id) == []
    assert interrupted is not None
    assert interrupted.code is OutcomeCode.INTERRUPTED


def test_a_connection_that_the_server_ends_is_transient_and_the_next_one_works(
    postgres: PostgresServer, catalog: Catalog
) -> None:
    def end_own_connection() -> None:
        with catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(CatalogUnavailableError):
        end_own_connection()
    with catalog.transaction() as connection:
        assert waiting_requests(connection) == []


def test_connections_that_were_ended_while_they_lay_idle_cost_nobody_an_error(
    postgres: PostgresServer, catalog_dsn: str
) -> None:
    def backend(connection: Connection) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid() AS pid")
            found: Any = cursor.fetchone()
        return int(found["pid"])

    with Catalog(catalog_dsn, connections=2) as catalog:
        with catalog.transaction() as one, catalog.transaction() as other:
            idle = {backend(one), backend(other)}
        for pid in idle:
            # As a server does that is started anew; it waits until the other process is gone.
            postgres.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        with catalog.transaction() as one, catalog.transaction() as other:
            assert not idle & {backend(one), backend(other)}
