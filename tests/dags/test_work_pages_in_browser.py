"""Group, Failures and Sweep in a browser: work done together, a cause acted on at once, runs side by side."""

import pytest
from playwright.sync_api import expect
from tests.end_to_end.page_visitor import PATIENCE_MS, Visitor
from tests.services.asked_airflow import AskedAirflow
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.group_work import LEFT_WHY, add_joint, add_merge
from tests.services.large_catalogue import fill, publish

from beamloop.catalog.group_tasks import note_joint_tasks, note_merge_tasks
from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.selection import select_sweeps
from beamloop.records.outcome import OutcomeCode
from beamloop.storage.contract import ArtifactStore

pytestmark = [pytest.mark.dags, pytest.mark.browser]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def dials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know DIALS's version without a DIALS."""
    monkeypatch.setattr("beamloop.dials_cli.handle.Dials.version", lambda _: "3.12.1")


def test_a_group_shows_its_work_and_leads_to_airflow(
    reader: Visitor, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    collection_id = fill(plate_catalogue.catalog, first=60, others=3, collections=2)
    publish(plate_catalogue.catalog, store, collection_id)
    report = store.put_bytes("i24/joint/report.html", b"<h1>What became of it</h1>")
    with plate_catalogue.catalog.transaction() as connection:
        group, *_ = latest_groups(connection, collection_id)
        note_joint_tasks(connection, "tonight", [add_joint(connection, group, report)[0]])
        note_merge_tasks(connection, "by-hand", [add_merge(connection, group)[0]])
    page = reader.visit("groups")
    expect(page.locator("#groups tbody tr")).to_have_count(1)
    assert reader.accessibility_faults() == []
    page.get_by_role("link", name=f"plate1 {group.name}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Group {group.name} of plate1")
    # The newest of each kind stands open.
    expect(page.locator("#joint-details")).to_contain_text(LEFT_WHY)
    expect(page.locator("#merge-details")).to_contain_text("0.996")
    expect(page.locator("#members tbody tr")).to_have_count(len(group.members))
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert reader.accessibility_faults() == [], theme
    task = page.locator("#joint").get_by_role("link", name="Airflow")
    expect(task).to_have_attribute("href", "/dags/refine_joint/runs/tonight/tasks/group.refine/mapped/0")
    task = page.locator("#merged").get_by_role("link", name="Airflow")
    expect(task).to_have_attribute("href", "/dags/merge_group/runs/by-hand/tasks/merge/mapped/0")
    assert not reader.complaints
    page.locator("#joint").get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What became of it")


def test_all_sweeps_of_a_cause_are_processed_again_as_previewed(
    hand: Visitor, plate_catalogue: FilledCatalogue, airflow: AskedAirflow, dials: None
) -> None:
    names = [f"xtal{number}_1" for number in range(1, 16)]
    plate_catalogue.ask(*names)
    for number, name in enumerate(names):
        plate_catalogue.end(name, OutcomeCode.NO_LATTICE, f"No lattice was found in {200 + number} spots.")
    page = hand.visit("failures")
    button = page.get_by_role("button", name="Process all 15 again")
    button.press("Enter")
    dialog, expected = page.get_by_role("dialog"), page.locator("#preview")
    expect(expected).to_contain_text("Nothing will be processed.")
    expect(expected).to_contain_text("15 sweeps left: known with these parameters.")
    settings = dialog.get_by_label("Settings of programs")
    settings.fill("index.indexing.method=fft2d")
    expect(expected).to_contain_text("indexing.method takes one of fft1d, fft3d")
    settings.fill("index.indexing.method=fft1d")
    expect(expected).to_contain_text("15 sweeps will be processed:")
    expect(expected.get_by_role("listitem")).to_have_text("+ index.indexing.method=fft1d")
    assert hand.accessibility_faults() == []
    assert not airflow.triggered
    dialog.get_by_label("Why").fill("another way to index")
    dialog.get_by_label("Why").press("Enter")
    expect(dialog).to_contain_text("15 sweeps are processed once more. Processing begins.")
    dialog.get_by_role("button", name="Close").press("Enter")
    # They wait now, and are no failures.
    expect(page.locator("#causes")).to_contain_text("No sweep is without a result in this period.")
    with plate_catalogue.catalog.transaction() as connection:
        found = select_sweeps(connection)
    assert {sweep.parameters.options["index"][-1] for sweep in found} == {"indexing.method=fft1d"}
    assert len(airflow.triggered) == 1
    # What could not be meant was refused, and the browser noted that.
    assert [words for words in hand.complaints if "422" not in words] == []


def test_runs_stand_side_by_side_and_what_differs_can_be_seen_alone(
    hand: Visitor, plate_catalogue: FilledCatalogue
) -> None:
    plate_catalogue.ask("xtal1_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.NO_LATTICE, "No lattice was found in 214 spots.")
    plate_catalogue.ask("xtal1_1", again=True)
    plate_catalogue.end("xtal1_1", OutcomeCode.PROCESSED, "RMSD 0.2 px", "refine")
    page = hand.visit("sweep/1")
    for box in page.locator("#runs input[type=checkbox]").all():
        box.press("Space")
    rows = page.locator("#comparison tbody tr")
    expect(rows.filter(has_text="outcome")).to_contain_text("no lattice")
    everything = rows.count()
    page.get_by_label("Only what differs").press("Space")
    expect(rows).to_have_count(page.locator("#comparison .differs").count())
    assert 2 <= rows.count() < everything
    expect(page.get_by_label("Only what differs")).to_be_focused()
    assert hand.accessibility_faults() == []


def test_the_keyboard_goes_on_where_a_dialog_was_opened(
    hand: Visitor, plate_catalogue: FilledCatalogue
) -> None:
    plate_catalogue.ask("xtal1_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.PROCESSED, "RMSD 0.2 px", "refine")
    hand.page.set_viewport_size({"width": 1024, "height": 768})
    page = hand.visit("sweep/1")
    page.get_by_role("button", name="Process again").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Profile")).to_be_focused()
    expect(dialog.get_by_role("button", name="Process")).to_be_in_viewport(ratio=1)
    # While it is open, the page draws its buttons anew.
    plate_catalogue.ask("xtal1_1", again=True)
    expect(page.locator("#runs tbody tr")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Process again")).to_be_focused()
