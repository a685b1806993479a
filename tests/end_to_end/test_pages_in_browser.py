"""The pages as a person meets them: in a browser, behind Airflow's login, over real results."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect
from tests.end_to_end.page_visitor import PATIENCE_MS, Visitor, chromium, give_reader, log_in, new_visitor
from tests.end_to_end.platform_bench import Platform, Row, deliver, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]

expect.set_options(timeout=PATIENCE_MS)
HOSTILE = '<img src=x onerror="window.hacked=1"> {{7*7}} ../../etc/passwd é\u202e'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Provide Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def base_url(platform: Platform) -> str:
    """Provide the stack's address."""
    return platform.variables["BEAMLOOP_AIRFLOW_URL"]


@pytest.fixture(scope="module")
def head(browser: Browser, platform: Platform, base_url: str) -> Iterator[Visitor]:
    """Provide a person who may do everything, logged in by the form."""
    visitor = new_visitor(browser, base_url)
    visitor.page.goto(f"{base_url}/beamloop/now?hours=24")
    log_in(visitor, "admin", platform.variables["BEAMLOOP_AIRFLOW_PASSWORD"])
    visitor.page.wait_for_url("**/beamloop/now?hours=24")
    yield visitor
    visitor.page.context.close()


@pytest.fixture
def reader(browser: Browser, platform: Platform, base_url: str) -> Iterator[Visitor]:
    """Provide a person who may only look."""
    visitor = new_visitor(browser, base_url)
    give_reader(visitor.page.context, base_url, platform.state)
    yield visitor
    visitor.page.context.close()


@pytest.fixture(scope="module")
def blank(platform: Platform, images: Path) -> int:
    """Provide the run of a sweep without spots."""
    directory = platform.state / "dark"
    deliver(images, directory, {"dark_1": "xtal3_1"})
    return int(platform.process(directory)["sweeps"][0]["run_id"])


@pytest.fixture(scope="module")
def sweep_id(platform: Platform, undisturbed_run: int) -> int:
    """Provide the number of a processed sweep."""
    (found,) = platform.ask("SELECT sweep_id FROM beamloop.runs WHERE run_id = %s", undisturbed_run)
    return int(found["sweep_id"])


def test_the_login_leads_back_to_the_page_and_it_shows_tonights_collections(
    head: Visitor, undisturbed: Row
) -> None:
    page = head.visit("now?hours=24")
    row = page.get_by_role("row").filter(has_text="calm")
    expect(row.get_by_role("cell").nth(3)).to_have_text("1")  # processed
    expect(page.locator("#health")).to_contain_text("✓ Catalogue")
    expect(page.locator("#beamlines")).to_contain_text("local")
    assert not head.complaints


def test_a_sweep_shows_figures_logs_and_files(
    head: Visitor, platform: Platform, sweep_id: int, undisturbed_run: int
) -> None:
    page = head.visit(f"sweep/{sweep_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm_1")
    expect(page.locator("#outcome")).to_contain_text("✓ processed")
    expect(page.locator("#steps")).to_contain_text("Rungs of the indexing ladder")
    expect(page.locator("#figures canvas").first).to_be_visible()
    page.get_by_label("Search all logs of this run").fill("strong spots")
    page.get_by_role("button", name="Search").click()
    hit = page.locator("#log-hits button").first
    hit.click()
    expect(page.locator("#log-text .found")).to_contain_text("strong spots")
    with page.expect_download() as download:
        page.locator("#files").get_by_role("link", name="integrated.mtz").first.click()
    (known,) = platform.ask(
        "SELECT sha256 FROM beamloop.artifacts WHERE run_id = %s AND name = 'integrated.mtz'", undisturbed_run
    )
    assert hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest() == known["sha256"]
    assert not head.complaints


def test_failures_lead_from_the_cause_to_the_sweep(head: Visitor, blank: int) -> None:
    page = head.visit("failures?hours=24")
    cause = page.get_by_role("article").filter(has_text="no spots")
    expect(cause).to_contain_text("What to try")
    cause.get_by_role("link", name="dark_1").click()
    expect(page.locator("#outcome")).to_contain_text("– no spots")


def test_an_exclusion_is_asked_for_kept_and_checked(head: Visitor, platform: Platform, sweep_id: int) -> None:
    page = head.visit(f"sweep/{sweep_id}")
    page.get_by_role("button", name="Exclude").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("left out of trees")
    dialog.get_by_role("button", name="Exclude").click()
    expect(dialog).not_to_contain_text("is excluded")  # without a reason nothing is sent
    dialog.get_by_label("Why").fill(HOSTILE)
    dialog.get_by_role("button", name="Exclude").click()
    expect(dialog).to_contain_text("calm_1 is excluded. A new report is being made")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#outcome")).to_contain_text(f"admin said exclude: {HOSTILE[:40]}")
    assert page.evaluate("window.hacked") is None
    (said,) = platform.ask(
        "SELECT kind, said_by FROM beamloop.member_decisions WHERE sweep_id = %s"
        " ORDER BY decision_id DESC LIMIT 1",
        sweep_id,
    )
    assert said == {"kind": "exclude", "said_by": "admin"}
    wait_for(
        "the check of the exclusion",
        lambda: platform.ask("SELECT 1 FROM beamloop.report_members WHERE standing = 'excluded'"),
    )
    page.get_by_role("button", name="Leave to Beamloop").click()
    dialog.get_by_label("Why").fill("a test")
    dialog.get_by_role("button", name="Take the word back").click()
    expect(dialog).to_contain_text("is left to Beamloop again")


def test_a_reader_finds_no_action_and_is_refused_one(
    reader: Visitor, platform: Platform, sweep_id: int
) -> None:
    page = reader.visit(f"sweep/{sweep_id}")
    expect(page.locator("#actions")).to_contain_text("You may look, not act")
    expect(page.locator("#actions button")).to_have_count(0)
    before = platform.ask("SELECT count(*) AS said FROM beamloop.member_decisions")
    status = page.evaluate(
        """sweep => fetch('/beamloop/api/words', {
               method: 'POST', headers: {'content-type': 'application/json', 'x-beamloop-action': '1'},
               body: JSON.stringify({sweep_ids: [sweep], kind: 'exclude', why: 'x'})
           }).then(answer => answer.status)""",
        sweep_id,
    )
    assert status == 403
    assert platform.ask("SELECT count(*) AS said FROM beamloop.member_decisions") == before


def test_the_pages_stand_in_airflows_frame(head: Visitor, base_url: str, undisturbed: Row) -> None:
    page = head.page
    page.goto(f"{base_url}/plugin/beamloop-now")
    frame = page.frame_locator("iframe")
    frame.get_by_role("row").filter(has_text="calm").wait_for()
    frame.get_by_role("link", name="Failures").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Failures")


def test_the_theme_follows_airflows(head: Visitor) -> None:
    page = head.visit("now")
    colours = []
    for theme in ("light", "dark"):
        page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
        page.reload()
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
    page.evaluate("localStorage.removeItem('theme')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_accessible(
    head: Visitor, platform: Platform, sweep_id: int, blank: int, theme: str
) -> None:
    head.visit("now").evaluate("theme => localStorage.setItem('theme', theme)", theme)
    (place,) = platform.ask(
        "SELECT collection_id AS number FROM beamloop.sweeps WHERE sweep_id = %s", sweep_id
    )
    of_sweeps = (f"sweep/{sweep_id}", f"run/{blank}", f"collection/{place['number']}")
    for path in ("now?hours=24", "failures?hours=24", "collections", "geometry", *of_sweeps):
        head.visit(path).wait_for_load_state("networkidle")
        assert head.accessibility_faults() == [], path
    head.page.evaluate("localStorage.removeItem('theme')")


def _answer_with(document: dict[str, Any]) -> Any:
    def fulfil(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(document))

    return fulfil


def test_hostile_names_are_shown_and_not_followed(head: Visitor) -> None:
    page = head.visit("now?hours=24")
    document = page.evaluate("fetch('/beamloop/api/now?hours=24').then(answer => answer.json())")
    for collection in document["collections"]:
        collection["name"] = collection["directory"] = HOSTILE
    page.route("**/api/now*", _answer_with(document))
    head.visit("now?hours=24")
    expect(page.get_by_role("row").filter(has_text=HOSTILE[:30]).first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    page.unroute("**/api/now*")


def test_a_server_that_is_away_for_a_while_is_told_and_waited_for(head: Visitor) -> None:
    page = head.visit("now?hours=24")
    page.route("**/api/now*", lambda route: route.abort())
    expect(page.locator("#freshness")).to_contain_text("not up to date: The server does not answer.")
    expect(page.get_by_role("row").filter(has_text="calm")).to_be_visible()
    page.unroute("**/api/now*")
    expect(page.locator("#freshness")).to_contain_text("up to date,")
    head.complaints.clear()


def test_an_empty_catalogue_says_what_to_do(head: Visitor) -> None:
    page = head.page
    nothing = {
        **{"beamlines": [], "collections": [], "collections_total": 0, "collections_per_page": 12},
        **{"at_work": [], "at_work_total": 0, "messages": {"in_trouble": 0, "given_up": 0}},
        **{"standing": [], "steps": 6},
    }
    page.route("**/api/now*", _answer_with(nothing))
    head.visit("now")
    expect(page.locator("#beamlines")).to_contain_text("beamloop process FOLDER")
    assert head.accessibility_faults() == []
    page.unroute("**/api/now*")
