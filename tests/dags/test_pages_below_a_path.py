"""Airflow below a path of a proxy: every link, request and file of the pages stays below it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.dags.page_bench import PASSWORDS, airflow_connection
from tests.end_to_end.page_visitor import PATIENCE_MS, Visitor, log_in, new_visitor
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.geometry_versions import add_version
from tests.services.group_work import add_joint
from tests.services.large_catalogue import fill, publish

from beamloop.catalog.group_tasks import note_joint_tasks
from beamloop.catalog.isomorphism import latest_groups
from beamloop.storage.contract import ArtifactStore

pytestmark = [pytest.mark.dags, pytest.mark.browser]

expect.set_options(timeout=PATIENCE_MS)
PROJECT = Path(__file__).parents[2]
PATH = "/hutch/airflow"
START_LIMIT_S = 120.0


@pytest.fixture
def below(airflow_database: None, catalog_dsn: str, tmp_path: Path) -> Iterator[str]:
    """Serve Airflow and the pages below a path, over the test's own catalogue."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    address = f"http://127.0.0.1:{port}{PATH}"
    folders = [str(PROJECT), str(PROJECT / "dags"), str(PROJECT / "plugins")]
    environment = os.environ | {
        "AIRFLOW_CONN_BEAMLOOP_CATALOG": airflow_connection(catalog_dsn),
        "PYTHONPATH": os.pathsep.join(folders),
    }
    with (tmp_path / "airflow.log").open("wb") as log:
        argv = [sys.executable, "-m", "tests.dags.below_a_path", str(port), PATH]
        server = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
    try:
        _wait(address, server, tmp_path / "airflow.log")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{address}/api/v2/version", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"Airflow did not start below {PATH}:\n{log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture
def visitor(browser: Browser, below: str) -> Iterator[Visitor]:
    """Provide a person who comes without a login."""
    own = new_visitor(browser, below)
    yield own
    own.page.context.close()


def _strays(page: Page) -> list[str]:
    """Return the addresses of the shown page's links that lead out of the path."""
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return [link for link in links if f"{PATH}/" not in link]


def test_all_pages_work_below_a_path(
    visitor: Visitor, plate_catalogue: FilledCatalogue, store: ArtifactStore, below: str
) -> None:
    collection_id = fill(plate_catalogue.catalog, first=60, others=3, collections=2)
    publish(plate_catalogue.catalog, store, collection_id)
    add_version(plate_catalogue.catalog, store, 1)
    with plate_catalogue.catalog.transaction() as connection:
        group, *_ = latest_groups(connection, collection_id)
        note_joint_tasks(connection, "tonight", [add_joint(connection, group)[0]])
    page = visitor.page
    lost: list[str] = []
    page.on("response", lambda answer: lost.append(answer.url) if answer.status == 404 else None)
    # The login stands below the path, too, and leads back.
    page.goto(f"{below}/beamloop/now?hours=24")
    log_in(visitor, "hand", PASSWORDS["hand"])
    page.wait_for_url(f"{below}/beamloop/now?hours=24")
    addresses = ("now", "collections", "collection/1", "sweep/1", "groups", "group/1", "geometry", "failures")
    for address in addresses:
        visitor.visit(address).wait_for_load_state("networkidle")
        assert _strays(page) == [], address
    page = visitor.visit("group/1")
    page.goto(f"{below}/beamloop/from-airflow?dag_id=refine_joint&dag_run_id=tonight")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Group {group.name} of plate1")
    task = page.locator("#joint").get_by_role("link", name="Airflow")
    expect(task).to_have_attribute(
        "href", f"{PATH}/dags/refine_joint/runs/tonight/tasks/group.refine/mapped/0"
    )
    # An action is taken from below the path only.
    page = visitor.visit("sweep/1")
    page.get_by_role("button", name="Exclude").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("a test")
    dialog.get_by_role("button", name="Exclude").click()
    expect(dialog).to_contain_text("xtal1 is excluded.")
    # Airflow's own frame finds the page.
    page.goto(f"{below}/plugin/beamloop-groups")
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Groups")
    assert [address for address in lost if "/beamloop/" in address or PATH not in address] == []
    assert not visitor.complaints
