"""The DAG `housekeeping`, through Airflow's own connections."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from tests.dags.conftest import HOME, RunDag

pytestmark = pytest.mark.dags


@pytest.fixture
def leftover(catalog_connection: str) -> Path:
    """A hidden file of a killed writer, a day and more old by the clock that the test sets forward."""
    store = HOME / "artifacts"
    store.mkdir(exist_ok=True)
    left = store / f".beamloop-{uuid4().hex[:16]}.part"
    left.write_text("half")
    (HOME / "beamlines").mkdir(exist_ok=True)
    return left


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_dag_removes_leftovers_unless_it_is_only_to_say_so(
    leftover: Path, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    # The system lets nobody set back when a file was last touched.
    monkeypatch.setattr("beamloop.housekeeping.clean.clock_s", lambda _: os.stat(leftover).st_ctime + 90000)
    states = run_dag("housekeeping", {"dry_run": dry_run})
    assert states["clean", -1] == "success"
    assert leftover.exists() == dry_run
