"""How sweeps stand is kept beside them, whatever happens to their runs and outcomes, in any order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.services.filled_catalogue import VERSION, FilledCatalogue, parameters

from beamloop.catalog.connection import QUERIES, Catalog, Connection
from beamloop.catalog.requests import WantedRun, ask_for_runs
from beamloop.catalog.runs import start_run
from beamloop.records.identifiers import CollectionId, SweepId
from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.integration

SWEEPS = ("xtal1_1", "xtal2_1", "xtal3_1")
DIFFERENT = """SELECT count(*) AS differ FROM beamloop.sweep_standings t
FULL JOIN beamloop.standings_found f USING (sweep_id)
WHERE (t.collection_id, t.run_id, t.state, t.ended_at) IS DISTINCT FROM
      (f.collection_id, f.run_id, f.state, f.ended_at)"""


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn, connections=4) as opened:
        yield opened


@pytest.fixture
def plate(catalog: Catalog) -> FilledCatalogue:
    """Three sweeps that wait."""
    filled = FilledCatalogue(catalog, Path("/data/plate3"))
    filled.ask(*SWEEPS)
    return filled


def _rows(catalog: Catalog, query: str) -> list[dict[str, Any]]:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def states(catalog: Catalog) -> list[str]:
    """Return how the sweeps stand, and prove that it is what their runs and outcomes tell."""
    assert _rows(catalog, DIFFERENT) == [{"differ": 0}]
    return [
        row["state"] for row in _rows(catalog, "SELECT state FROM beamloop.sweep_standings ORDER BY sweep_id")
    ]


def test_a_sweep_waits_is_at_work_and_ends(plate: FilledCatalogue, catalog: Catalog) -> None:
    assert states(catalog) == ["waiting"] * 3
    with catalog.transaction() as connection:
        start_run(connection, plate.runs["xtal1_1"])
    assert states(catalog) == ["at_work", "waiting", "waiting"]
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Done.", "export")
    assert states(catalog) == ["processed", "waiting", "waiting"]


def test_a_newer_run_stands_from_the_moment_it_is_asked_for(plate: FilledCatalogue, catalog: Catalog) -> None:
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Done.", "export")
    plate.ask("xtal1_1", again=True)
    assert states(catalog)[0] == "waiting"
    plate.end("xtal1_1", OutcomeCode.NO_LATTICE, "None.")
    assert states(catalog)[0] == "no_lattice"


def test_an_interrupted_run_that_goes_on_is_at_work_again(plate: FilledCatalogue, catalog: Catalog) -> None:
    plate.end("xtal1_1", OutcomeCode.INTERRUPTED, "Stopped.")
    run_id = plate.runs["xtal1_1"]
    with catalog.transaction() as connection:
        QUERIES.reopen_run(connection, run_id=run_id)
    assert states(catalog)[0] == "at_work"
    with catalog.transaction() as connection:
        for code in ("interrupted", "processed"):
            QUERIES.put_outcome(connection, run_id=run_id, code=code, step="export", sentence="Words.")
    assert states(catalog)[0] == "processed"


def test_a_second_chance_stands_when_it_is_processed_not_before(
    plate: FilledCatalogue, catalog: Catalog
) -> None:
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Done.", "export")
    (before,) = _rows(catalog, "SELECT * FROM beamloop.runs WHERE run_id = 1")
    second = """INSERT INTO beamloop.runs (sweep_id, request_id, run_key, parameters, dials_version,
                                           second_chance_of, stands)
                SELECT sweep_id, request_id, repeat('c', 64), parameters, dials_version, run_id, false
                FROM beamloop.runs WHERE run_id = 1 RETURNING run_id"""
    (made,) = _rows(catalog, second)
    assert states(catalog)[0] == "processed"
    with catalog.transaction() as connection:
        start_run(connection, made["run_id"])
        QUERIES.put_outcome(
            connection, run_id=made["run_id"], code="processed", step="export", sentence="Better."
        )
        QUERIES.end_run(connection, run_id=made["run_id"])
    assert states(catalog)[0] == "processed"
    (now,) = _rows(catalog, "SELECT run_id FROM beamloop.sweep_standings WHERE sweep_id = 1")
    assert (before["run_id"], now["run_id"]) == (1, made["run_id"])


def _ask_again(connection: Connection, sweep_ids: list[int]) -> None:
    (row,) = _all(connection, "SELECT key_name FROM beamloop.collections")
    wanted = [WantedRun(SweepId(sweep_id), "a" * 64, parameters()) for sweep_id in sweep_ids]
    ask_for_runs(
        connection, CollectionId(1), row["key_name"], wanted, VERSION, requested_by="a test", again=True
    )


def _all(connection: Connection, query: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def test_outcomes_and_new_runs_of_the_same_sweeps_do_not_lose_each_other(
    plate: FilledCatalogue, catalog: Catalog
) -> None:
    """An outcome that waits for an asker must look again, and the asker must not wait for the outcome."""
    with ThreadPoolExecutor(1) as other:
        with catalog.transaction() as connection:
            _ask_again(connection, [1, 2, 3])
            ending = other.submit(plate.end, "xtal2_1", OutcomeCode.PROCESSED, "Done.", "export")
            with pytest.raises(TimeoutError):
                ending.result(0.5)
        ending.result(20)
    assert states(catalog) == ["waiting"] * 3


def test_a_record_that_names_the_collection_does_not_wait_for_an_asker(
    plate: FilledCatalogue, catalog: Catalog
) -> None:
    event = "INSERT INTO beamloop.events (actor, kind, collection_id, sentence) VALUES ('a', 'b', 1, 'c')"

    def note() -> None:
        with catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(event)

    with ThreadPoolExecutor(1) as other, catalog.transaction() as connection:
        QUERIES.lock_collection(connection, collection_id=1)
        other.submit(note).result(10)
