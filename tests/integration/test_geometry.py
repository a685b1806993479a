"""Geometry versions in the catalogue: one in force at a time, decisions, provenance, and runs' keys."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from tests.services.filled_catalogue import NOW, VERSION, FilledCatalogue, parameters
from tests.services.postgres_server import PostgresServer

from beamloop.catalog import geometry as versions
from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.catalog.migrations import migrate
from beamloop.catalog.requests import WantedRun, are_known_work
from beamloop.catalog.runs import load_run
from beamloop.catalog.selection import select_sweeps
from beamloop.errors import InvalidInputError
from beamloop.geometry.candidates import add_candidate
from beamloop.geometry.registry import Withdrawal, in_force, promote, reject, withdraw
from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import (
    GeometryGate,
    GeometryId,
    GeometryModels,
    GeometryState,
    GeometryVersion,
    NewGeometry,
    SourceRole,
)
from beamloop.records.parameters import run_key

pytestmark = pytest.mark.integration

PANELS = tuple(
    PanelEvidence(f"panel {number}", 80, (0.061, 0.058), (0.042, 0.040), (22.0, -31.0))
    for number in range(60)
)
EVIDENCE = Evidence(1892, (0.061, 0.058), (0.042, 0.040), 57, 6.6, PANELS)
DAY = timedelta(days=1)


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    made = Catalog(catalog_dsn, connections=8)
    yield made
    made.close()


@pytest.fixture
def plate(catalog: Catalog, tmp_path: Path) -> FilledCatalogue:
    return FilledCatalogue(catalog, tmp_path / "plate3")


def candidate(
    catalog: Catalog, name: str, beamline: str = "i24", evidence: Evidence | None = EVIDENCE
) -> GeometryId:
    stored = StoredObject(f"{beamline}/geometry/{name}/models.expt", "c" * 64, 1000)
    models = GeometryModels(250.4, 60, multi_panel=True)
    return add_candidate(
        catalog, NewGeometry(beamline, "PILATUS3 6M", models, stored, 250.0, 1, evidence, "a test", "a test")
    )


def serve(catalog: Catalog, geometry_id: GeometryId, since: datetime = NOW) -> GeometryVersion:
    return promote(
        catalog,
        geometry_id,
        lambda _: GeometryGate(),
        since=since,
        by="me",
        why="better",
        without_evidence=True,
    )


def serving(catalog: Catalog, at: datetime, beamline: str = "i24") -> GeometryId | None:
    found = in_force(catalog, beamline, at)
    return found.geometry_id if found else None


def wrote_images_at(plate: FilledCatalogue, sweep: str, at: datetime) -> None:
    plate.directory.mkdir(exist_ok=True)
    image = plate.directory / f"{sweep}_00001.cbf"
    image.touch()
    os.utime(image, (at.timestamp(), at.timestamp()))


def test_a_promotion_ends_the_version_before_it_and_data_have_what_served_at_their_time(
    catalog: Catalog,
) -> None:
    first, second = candidate(catalog, "a"), candidate(catalog, "b")
    assert serving(catalog, NOW) is None
    serve(catalog, first, NOW)
    serve(catalog, second, NOW + 2 * DAY)
    times = (NOW - DAY, NOW, NOW + DAY, NOW + 2 * DAY, NOW + 9 * DAY)
    assert [serving(catalog, at) for at in times] == [None, first, first, second, second]
    assert serving(catalog, NOW, beamline="i03") is None
    with catalog.transaction() as connection:
        ended = versions.geometry_by_id(connection, first)
    assert (ended.state, ended.valid_until) == (GeometryState.SUPERSEDED, NOW + 2 * DAY)


def test_a_version_promoted_for_older_data_serves_until_the_later_one_begins(catalog: Catalog) -> None:
    later, older = candidate(catalog, "a"), candidate(catalog, "b")
    serve(catalog, later, NOW)
    assert serve(catalog, older, NOW - 5 * DAY).valid_until == NOW
    assert [serving(catalog, NOW + n * DAY) for n in (-6, -5, -1, 0, 1)] == [None, older, older, later, later]
    with pytest.raises(InvalidInputError, match="that very time"):
        serve(catalog, candidate(catalog, "c"), NOW)


def test_a_withdrawn_version_gives_its_time_back_to_the_one_before(catalog: Catalog) -> None:
    first, second, third = (candidate(catalog, name) for name in "abc")
    for number, version in enumerate((first, second, third)):
        serve(catalog, version, NOW + number * DAY)
    assert withdraw(catalog, second, by="me", why="drifted").serving_instead == first
    assert [serving(catalog, NOW + n * DAY) for n in range(3)] == [first, first, third]
    assert withdraw(catalog, third, by="me", why="drifted").serving_instead == first
    assert serving(catalog, NOW + 9 * DAY) == first
    assert withdraw(catalog, first, by="me", why="drifted") == Withdrawal(None, ())
    assert serving(catalog, NOW) is None
    assert serve(catalog, third, NOW).state is GeometryState.IN_FORCE


def test_racing_promotions_leave_one_version_in_force_at_every_instant(catalog: Catalog) -> None:
    racing = [candidate(catalog, f"v{number}") for number in range(6)]
    starts = [NOW, NOW + DAY, NOW, NOW + DAY, NOW - DAY, NOW + 2 * DAY]

    def try_it(number: int) -> bool:
        try:
            serve(catalog, racing[number], starts[number])
        except InvalidInputError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(try_it, range(6)))
    # Two race for each of two starts: one of them wins.
    assert won[0] != won[2]
    assert won[1] != won[3]
    assert won[4]
    assert won[5]
    with catalog.transaction() as connection:
        periods = sorted(
            (version.valid_from, version.valid_until)
            for version in versions.geometries(connection)
            if version.state in (GeometryState.IN_FORCE, GeometryState.SUPERSEDED)
            and version.valid_from is not None
        )
    assert [start for start, _ in periods] == [NOW + n * DAY for n in (-1, 0, 1, 2)]
    assert [end for _, end in periods] == [NOW, NOW + DAY, NOW + 2 * DAY, None]


def test_the_schema_refuses_two_versions_at_one_time_whatever_code_runs(
    catalog: Catalog, catalog_dsn: str
) -> None:
    serve(catalog, candidate(catalog, "a"))
    other = candidate(catalog, "b")
    with psycopg2.connect(catalog_dsn) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.ExclusionViolation, match="one_geometry_in_force"):
            cursor.execute(
                "UPDATE beamloop.geometry_versions SET state = 'in_force', validity = tstzrange(%s, NULL) "
                "WHERE geometry_id = %s",
                (NOW + DAY, other),
            )
    connection.close()


@pytest.mark.parametrize("statement", ["UPDATE {} SET why = 'otherwise'", "DELETE FROM {}"])
def test_decisions_are_never_written_anew(catalog: Catalog, catalog_dsn: str, statement: str) -> None:
    serve(catalog, candidate(catalog, "a"))
    with psycopg2.connect(catalog_dsn) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.RaiseException, match="add a new row to geometry_decisions"):
            cursor.execute(statement.format("beamloop.geometry_decisions"))
    connection.close()


def test_the_audit_trail_says_who_and_why_and_without_evidence(catalog: Catalog) -> None:
    version = candidate(catalog, "a", evidence=None)
    gate = GeometryGate()
    with pytest.raises(InvalidInputError, match="no evidence on held-out data"):
        promote(catalog, version, lambda _: gate, since=NOW, by="anna", why="in haste")
    promote(catalog, version, lambda _: gate, since=NOW, by="anna", why="in haste", without_evidence=True)
    withdraw(catalog, version, by="ben", why=" spots doubled ")
    with catalog.transaction() as connection:
        trail = decisions_on(connection, version)
    assert [(d.decision, d.decided_by, d.why, d.without_evidence) for d in trail] == [
        ("promote", "anna", "in haste", True),
        ("withdraw", "ben", "spots doubled", False),
    ]
    assert trail[0].in_force_from == NOW


def test_evidence_that_speaks_against_a_version_is_never_passed_over(catalog: Catalog) -> None:
    worse = candidate(catalog, "a", evidence=replace(EVIDENCE, held_out_rmsd_after_mm=(0.07, 0.04)))
    with pytest.raises(InvalidInputError, match="worse along x"):
        serve(catalog, worse)
    assert reject(catalog, worse, by="me", why="worse").state is GeometryState.REJECTED
    with pytest.raises(InvalidInputError, match="is rejected and serves nothing"):
        withdraw(catalog, worse, by="me", why="really")


def test_no_decision_is_taken_without_a_reason(catalog: Catalog) -> None:
    version = candidate(catalog, "a")
    with pytest.raises(InvalidInputError, match="not said why"):
        reject(catalog, version, by="me", why="  ")


def test_the_same_models_are_one_version(catalog: Catalog) -> None:
    first = candidate(catalog, "a")
    with pytest.raises(InvalidInputError, match=f"geometry {first} already"):
        candidate(catalog, "a")


def test_a_run_has_the_geometry_of_the_time_of_its_data_and_a_key_of_its_own(
    catalog: Catalog, plate: FilledCatalogue
) -> None:
    version = candidate(catalog, "a")
    serve(catalog, version, NOW)
    wrote_images_at(plate, "old_1", NOW - DAY)
    wrote_images_at(plate, "new_1", NOW + DAY)
    plate.ask("old_1", "new_1")
    with catalog.transaction() as connection:
        old, new = (load_run(connection, plate.runs[name]) for name in ("old_1", "new_1"))
        imported = versions.sweeps_with(connection, version)
        sweeps = {sweep.sweep: sweep for sweep in select_sweeps(connection)}
    assert old.geometry is None
    assert new.geometry is not None
    assert new.geometry.geometry_id == version
    assert [(sweep.sweep, sweep.collected_at, sweep.is_stale(version)) for sweep in imported] == [
        ("new_1", NOW + DAY, False)
    ]
    assert set(sweeps) == {"old_1", "new_1"}


def test_a_run_without_geometry_keeps_the_key_of_before_there_were_geometries(
    catalog: Catalog, catalog_dsn: str, plate: FilledCatalogue
) -> None:
    plate.ask("xtal1_1")
    with psycopg2.connect(catalog_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sweep_id, run_key, geometry_id FROM beamloop.runs")
        ((sweep_id, key, geometry_id),) = cursor.fetchall()
    connection.close()
    assert geometry_id is None
    assert key == run_key(parameters(), sweep_id, "a" * 64, VERSION)


def test_promotion_makes_a_sweep_new_work_and_withdrawal_makes_it_known_again(
    catalog: Catalog, plate: FilledCatalogue
) -> None:
    wrote_images_at(plate, "xtal1_1", NOW + DAY)
    plate.ask("xtal1_1")
    before = plate.runs["xtal1_1"]
    with catalog.transaction() as connection:
        (sweep,) = select_sweeps(connection)
        wanted = WantedRun(sweep.sweep_id, sweep.content_sha256, sweep.parameters)
        assert are_known_work(connection, [wanted], VERSION) == [True]
    version = candidate(catalog, "a")
    serve(catalog, version, NOW)
    with catalog.transaction() as connection:
        assert are_known_work(connection, [wanted], VERSION) == [False]
    plate.ask("xtal1_1")
    assert plate.runs["xtal1_1"] != before
    withdrawal = withdraw(catalog, version, by="me", why="wrong distance")
    assert [(sweep.run_id, sweep.is_stale(version)) for sweep in withdrawal.imported] == [
        (plate.runs["xtal1_1"], True)
    ]


def test_a_version_names_the_runs_that_made_it_and_none_is_held_out_and_refined(
    catalog: Catalog, plate: FilledCatalogue
) -> None:
    plate.ask("long_1", "xtal1_1")
    sources = {plate.runs["long_1"]: SourceRole.REFINED, plate.runs["xtal1_1"]: SourceRole.HELD_OUT}
    models = GeometryModels(250.4, 1, multi_panel=False)
    new = NewGeometry(
        "i24", "PILATUS3 6M", models, StoredObject("i24/geometry/a", "c" * 64, 1), None, 0, None,
        "a test", "me", sources=sources,
    )  # fmt: skip
    version = add_candidate(catalog, new)
    with catalog.transaction() as connection:
        found = versions.sources_of(connection, version)
    assert {(source.run_id, source.role) for source in found} == set(sources.items())
    assert {source.sweep for source in found} == {"long_1", "xtal1_1"}


def test_the_role_of_the_stacks_catalogue_may_make_the_extension(postgres: PostgresServer) -> None:
    postgres.execute("CREATE ROLE plain_owner LOGIN")
    postgres.execute("CREATE DATABASE owned_plainly OWNER plain_owner")
    try:
        # A role without any privilege of its own, as the stack's `beamloop` is.
        assert "0013_geometry.sql" in migrate(
            f"{postgres.dsn('owned_plainly')} options='-c role=plain_owner'"
        )
    finally:
        postgres.execute("DROP DATABASE owned_plainly WITH (FORCE)")
        postgres.execute("DROP ROLE plain_owner")


def test_data_of_the_future_are_of_now(catalog: Catalog, plate: FilledCatalogue) -> None:
    version = candidate(catalog, "a")
    serve(catalog, version, datetime.now(UTC) + DAY)
    wrote_images_at(plate, "xtal1_1", datetime.now(UTC) + 3 * DAY)
    plate.ask("xtal1_1")
    with catalog.transaction() as connection:
        assert load_run(connection, plate.runs["xtal1_1"]).geometry is None
