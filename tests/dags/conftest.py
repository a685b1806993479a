"""An Airflow of the tests' own: its home, its database, its connections; and the DAG files."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.dags.page_bench import PASSWORDS, PageBench, airflow_connection, log_in
from tests.services.asked_airflow import AskedAirflow
from tests.services.filled_catalogue import FilledCatalogue

from beamloop.catalog.connection import Catalog
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.opening import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.end_to_end.page_visitor import Visitor

PROJECT = Path(__file__).parents[2]
HOME = Path(tempfile.mkdtemp(prefix="beamloop-airflow-"))

# Before the first import of Airflow, which reads its configuration then.
os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "head:admin,hand:user,reader:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
        "AIRFLOW_VAR_BEAMLOOP_BEAMLINES_DIRECTORY": str(HOME / "beamlines"),
        "AIRFLOW_CONN_BEAMLOOP_RUNS": json.dumps({"conn_type": "fs", "extra": {"path": str(HOME / "runs")}}),
        "AIRFLOW_CONN_BEAMLOOP_ARTIFACTS": json.dumps(
            {"conn_type": "fs", "extra": {"path": str(HOME / "artifacts")}}
        ),
    }
)
(HOME / "passwords.json").write_text(json.dumps(PASSWORDS))
# Airflow puts both folders there itself.
sys.path[:0] = [str(PROJECT / "dags"), str(PROJECT / "plugins")]


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Make Airflow's tables and the pools."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    for pool in ("dials", "refinement"):
        Pool.create_or_update_pool(pool, slots=2, description="", include_deferred=False)


@pytest.fixture
def catalog_connection(catalog_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the connection `beamloop_catalog` at the test's own catalogue."""
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_CATALOG", airflow_connection(catalog_dsn))
    return catalog_dsn


@pytest.fixture(scope="session")
def dag_bag(airflow_database: None) -> Any:
    """Provide the DAG files, read by Airflow."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags")


@pytest.fixture(scope="session")
def run_of_chains(airflow_database: None) -> Any:
    """Provide an ended run with mapped chains of tasks of each trigger rule."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()  # type: ignore[no-untyped-call] # Airflow's
    found = DagBag(Path(__file__).parent / "files", bundle_name="dags-folder")
    sync_bag_to_db(found, "dags-folder", None)
    return found.dags["chains_of_each_rule"].test()


RunDag = Callable[..., dict[tuple[str, int], str]]


@pytest.fixture(scope="session")
def dag_defaults() -> dict[str, dict[str, object]]:
    """Provide room for the parameters that each DAG has by itself."""
    return {}


@pytest.fixture
def run_dag(dag_bag: Any, dag_defaults: dict[str, dict[str, object]]) -> RunDag:
    """Run a DAG to its end in this process; the states of its tasks by task and map index."""

    def run(dag_id: str, conf: dict[str, object]) -> dict[tuple[str, int], str]:
        dag = dag_bag.dags[dag_id]
        # What a run is given would stand as the default of the next one in this process.
        defaults = dag_defaults.setdefault(dag_id, dag.params.dump())
        dag_run = dag.test(run_conf={**defaults, **conf})
        states = {(ti.task_id, ti.map_index): str(ti.state) for ti in dag_run.get_task_instances()}
        return {("run", -1): str(dag_run.state), **states}

    return run


Answering = Callable[..., None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Let a person answer in Airflow, with one answer after the other.

    `dag.test` runs the trigger and nothing that answers; in its place stands what Airflow's API resumes the
    task with (`HITLDetail.as_resume_event_payload`).
    """

    def answer(*answers: tuple[str, str]) -> None:
        from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor
        from airflow.triggers.base import TriggerEvent

        to_give = list(answers)

        def run_trigger_in_process(**_: object) -> TriggerEvent:
            chosen, why = to_give.pop(0)
            return TriggerEvent(  # type: ignore[no-untyped-call] # Airflow's
                {
                    "chosen_options": [chosen],
                    "params_input": {"why": why},
                    "responded_at": datetime.now(UTC),
                    "responded_by_user": {"id": "anna", "name": "anna"},
                    "timedout": False,
                }
            )

        monkeypatch.setattr(
            InProcessTestSupervisor, "run_trigger_in_process", staticmethod(run_trigger_in_process)
        )

    return answer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave Airflow's own warnings to Airflow: its libraries move at different speeds."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def airflow_app(airflow_database: None) -> Any:
    """Provide Airflow's app with its plugins: `head` administers, `hand` acts, `reader` only reads."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    return TestClient(create_app(apps="core"), follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def pages(airflow_app: Any, catalog_connection: str) -> Iterator[PageBench]:
    """Provide the pages over a catalogue of the test's own, with a token for each user."""
    from beamloop_ui import reading

    reading.forget()
    yield PageBench(airflow_app, {user: log_in(airflow_app, user) for user in PASSWORDS})
    reading.forget()


@pytest.fixture
def plate_catalogue(catalog_dsn: str) -> Iterator[FilledCatalogue]:
    """Provide the test's catalogue, to be filled with sweeps of one collection."""
    with Catalog(catalog_dsn) as catalog:
        yield FilledCatalogue(catalog, Path("/data/plate3"))


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> AskedAirflow:
    """Stand in for Airflow's REST API."""
    asked = AskedAirflow()
    monkeypatch.setattr("beamloop_ui.starting.connect_airflow", lambda: asked)
    return asked


@pytest.fixture(scope="session")
def address(airflow_app: Any) -> Iterator[str]:
    """Serve Airflow's app with the pages; what is in the catalogue each test says by itself."""
    from tests.dags.serving import served

    with served(airflow_app.app) as own:
        yield own


# Not for the session: Playwright's event loop runs as long as it does, and other tests bring their own.
@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Provide Debian's Chromium."""
    from tests.end_to_end.page_visitor import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def hand(browser: "Browser", address: str, pages: PageBench) -> Iterator["Visitor"]:
    """Provide a person who may act, logged in."""
    yield from _person(browser, address, pages.tokens["hand"])


@pytest.fixture
def reader(browser: "Browser", address: str, pages: PageBench) -> Iterator["Visitor"]:
    """Provide a person who may only look, logged in."""
    yield from _person(browser, address, pages.tokens["reader"])


def _person(browser: "Browser", address: str, token: str) -> Iterator["Visitor"]:
    from tests.end_to_end.page_visitor import new_visitor

    visitor = new_visitor(browser, address)
    visitor.page.context.add_cookies([{"name": "_token", "value": token, "url": address}])
    yield visitor
    visitor.page.context.close()


@pytest.fixture
def store() -> ArtifactStore:
    """Provide the store that the pages read."""
    from airflow_services import store_settings

    return open_store(store_settings())


@pytest.fixture
def rules() -> Iterator[Callable[[str], None]]:
    """Write the part `geometry` of the file of the beamline i24."""
    path = HOME / "beamlines" / "i24.yaml"
    path.parent.mkdir(exist_ok=True)

    def write(geometry: str) -> None:
        path.write_text(f"beamline: i24\nroots: [.]\ngeometry: {geometry}\n")

    yield write
    path.unlink(missing_ok=True)
