"""What the catalogue remembers of the ladder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.filled_catalogue import FilledCatalogue

from beamloop.catalog.connection import Catalog
from beamloop.catalog.ladder import rung_records
from beamloop.records.outcome import OutcomeCode
from beamloop.records.rung_record import RungRecord

pytestmark = pytest.mark.integration


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


def filled(catalog: Catalog, beamline: str, *sweeps: str) -> FilledCatalogue:
    """Return a collection whose sweeps each took two rungs, of 3.0 and 1.5 CPU s, in vain."""
    made = FilledCatalogue(catalog, Path("/data", beamline), beamline)
    made.ask(*sweeps)
    for sweep in sweeps:
        made.end(sweep, OutcomeCode.NO_LATTICE, "No lattice.")
    return made


def test_the_rungs_of_a_beamlines_last_sweeps_are_added_up_and_no_other_beamlines(catalog: Catalog) -> None:
    here = filled(catalog, "i24", "a", "b", "c")
    filled(catalog, "i04", "a", "b")
    with catalog.transaction() as connection:
        everything = rung_records(connection, here.runs["a"])
        last_two = rung_records(connection, here.runs["a"], sweeps=2)
    assert everything == (
        RungRecord("fft1d, no symmetry", 3, 0, 4.5),
        RungRecord("fft3d, no symmetry", 3, 0, 9.0),
    )
    assert [record.tries for record in last_two] == [2, 2]


def test_a_new_beamline_has_no_records(catalog: Catalog) -> None:
    fresh = FilledCatalogue(catalog, Path("/data/new"), "i99")
    fresh.ask("a")
    with catalog.transaction() as connection:
        assert rung_records(connection, fresh.runs["a"]) == ()
