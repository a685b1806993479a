"""Collection and Geometry in a browser: a limit is moved, a branch chosen, decisions are made."""

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.end_to_end.page_visitor import PATIENCE_MS, Visitor
from tests.services.asked_airflow import AskedAirflow
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.geometry_versions import add_version
from tests.services.large_catalogue import fill, publish

from beamloop.catalog.geometry import geometry_by_id
from beamloop.records.geometry import GeometryState
from beamloop.records.outcome import OutcomeCode
from beamloop.storage.contract import ArtifactStore
from beamloop.unit_cells.groups import suggest_groups

pytestmark = [pytest.mark.dags, pytest.mark.browser]

expect.set_options(timeout=PATIENCE_MS)
SWEEPS = 60  # 52 of them processed
HOSTILE = '<img src=x onerror="window.hacked=1">'


@pytest.fixture
def group_counts(plate_catalogue: FilledCatalogue, store: ArtifactStore) -> dict[float, int]:
    """Provide a collection with a report; how many groups of two and more each of some limits gives."""
    collection_id = fill(plate_catalogue.catalog, first=SWEEPS, others=3, collections=3)
    analysis = publish(plate_catalogue.catalog, store, collection_id)

    def count(limit_percent: float) -> int:
        groups = suggest_groups(analysis.tree, analysis.setting.cells, limit_percent)
        return sum(len(group) > 1 for group in groups)

    return {limit: count(limit) for limit in (0.01, 0.3, 1.0, 100.0)}


def _rows(plate: FilledCatalogue, query: str) -> list[dict[str, Any]]:
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def _words(limit: float, groups: int) -> str:
    return f"At {limit:g} %: {groups} group{'' if groups == 1 else 's'} of two and more"


def test_moving_the_limit_changes_the_groups_and_setting_it_is_recorded(
    hand: Visitor,
    group_counts: dict[float, int],
    plate_catalogue: FilledCatalogue,
    airflow: AskedAirflow,
) -> None:
    assert len(set(group_counts.values())) == 4
    page = hand.visit("collection/1")
    words = page.locator("#limit-words")
    expect(words).to_contain_text(_words(1, group_counts[1.0]))
    groups = page.locator("#crystals-groups tbody tr")
    expect(groups).to_have_count(group_counts[1.0])
    slider = page.get_by_label("Limit of LCV")
    slider.focus()
    slider.press("Home")
    expect(words).to_contain_text(_words(0.01, group_counts[0.01]))
    slider.press("End")
    expect(words).to_contain_text(_words(100, group_counts[100.0]))
    page.get_by_label("Limit (%)").fill("0.3")
    page.get_by_label("Limit (%)").press("Enter")
    expect(words).to_contain_text(_words(0.3, group_counts[0.3]))
    expect(groups).to_have_count(min(40, group_counts[0.3]))
    page.get_by_role("button", name="Set this limit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("two forms")
    dialog.get_by_role("button", name="Set").click()
    expect(dialog).to_contain_text("The limit of LCV is 0.3 %. A new report is being made")
    assert _rows(plate_catalogue, "SELECT limit_percent, said_by, why FROM beamloop.limit_decisions") == [
        {"limit_percent": 0.3, "said_by": "hand", "why": "two forms"}
    ]
    assert [dag_id for dag_id, _, _ in airflow.triggered] == ["check_isomorphism"]
    dialog.get_by_role("button", name="Close").click()
    expect(words).to_contain_text("the next report's is 0.3 %, set by hand")
    assert not hand.complaints


def test_the_line_of_the_limit_is_dragged_with_the_mouse(
    hand: Visitor, group_counts: dict[float, int]
) -> None:
    page = hand.visit("collection/1")
    line = page.locator(".limit-line .grip")
    # The line is drawn anew where the page gets its scroll bar meanwhile; the frame around it stays.
    expect(line).to_be_attached()
    page.locator("#crystals-tree").scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    x, y = box["x"] + 200, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 60, steps=4)
    page.mouse.up()
    assert float(page.get_by_label("Limit (%)").input_value()) < 1
    # The mouse that let the line go did not choose a branch.
    expect(page.locator("#crystals-branch")).to_contain_text("Click a branch")
    page.get_by_role("button", name="Back to 1 %").click()
    expect(page.locator("#limit-words")).to_contain_text(_words(1, group_counts[1.0]))


def test_a_branch_is_chosen_with_the_keyboard_and_put_into_a_new_group(
    hand: Visitor,
    group_counts: dict[float, int],
    plate_catalogue: FilledCatalogue,
    airflow: AskedAirflow,
) -> None:
    page = hand.visit("collection/1")
    tree = page.get_by_role("application", name="Tree of crystals")
    for key in ("ArrowUp", "ArrowDown", "ArrowDown"):
        tree.press(key)
    expect(page.locator("#branch-words")).to_contain_text("LCV")
    tree.press("Enter")
    panel = page.locator("#crystals-branch")
    expect(panel).to_contain_text("Branch of")
    names = panel.locator(".names a").all_inner_texts()
    assert 2 <= len(names) < 52
    panel.get_by_role("button", name="Regroup").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Group").select_option("new")
    dialog.get_by_label("Why").fill("another drop")
    dialog.get_by_role("button", name="Regroup").click()
    expect(dialog).to_contain_text(f"{len(names)} crystals are put into group")
    said = _rows(
        plate_catalogue,
        "SELECT s.name FROM beamloop.member_decisions JOIN beamloop.sweeps s USING (sweep_id)",
    )
    assert sorted(row["name"] for row in said) == sorted(names)


def test_sweeps_are_found_sorted_and_turned_over(hand: Visitor, group_counts: dict[float, int]) -> None:
    page = hand.visit("collection/1")
    rows = page.locator("#sweeps tbody tr")
    expect(rows).to_have_count(50)
    page.locator("#sweeps").get_by_role("button", name="Next").click()
    expect(rows).to_have_count(SWEEPS - 50)
    page.locator("#standing").get_by_role("button", name="no lattice").click()
    expect(rows).to_have_count(8)
    expect(rows.first).to_contain_text("As the test wants it.")
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Name", exact=True).fill("xtal1")
    expect(rows).to_have_count(11)
    page.locator("#sweeps").get_by_role("button", name="a (Å)").click()
    expect(page.locator("#sweeps th[aria-sort=ascending]")).to_contain_text("a (Å)")
    assert "order=a" in page.url
    assert not hand.complaints


def test_every_table_fits_on_a_1080p_screen(
    hand: Visitor, group_counts: dict[float, int], plate_catalogue: FilledCatalogue
) -> None:
    # An angle other than 90° brings all columns of the sweeps, five digits make them wide.
    with plate_catalogue.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.crystals SET cell = ARRAY[100.77, 100.77, 136.57, 90, 90, 120]")
    for path in ("now", "collections", "collection/1", "sweep/1", "groups", "geometry", "failures"):
        page = hand.visit(path)
        expect(page.get_by_text("Loading …")).to_have_count(0)
        wide = "frame => frame.scrollWidth > frame.clientWidth ? frame.ariaLabel : ''"
        assert "".join(frame.evaluate(wide) for frame in page.locator(".table-frame").all()) == "", path
        if path.startswith("collection/"):
            expect(page.locator("#sweeps").get_by_role("button", name="γ (°)")).to_be_visible()


def test_hostile_names_are_text_and_a_reader_finds_no_action(
    reader: Visitor, plate_catalogue: FilledCatalogue
) -> None:
    plate_catalogue.ask(HOSTILE)
    plate_catalogue.end(HOSTILE, OutcomeCode.NO_LATTICE, "No lattice.")
    page = reader.visit("collection/1")
    expect(page.locator("#sweeps tbody")).to_contain_text(HOSTILE)
    expect(page.locator("#crystals")).to_contain_text("There is no report on the crystals yet.")
    expect(page.locator("#joint")).to_contain_text("No group has been refined jointly yet.")
    expect(page.locator("input[type=checkbox]")).to_have_count(0)
    assert page.evaluate("window.hacked") is None
    page = reader.visit("geometry")
    expect(page.locator("#versions")).to_contain_text("There is no refined geometry")


def test_a_candidate_is_promoted_and_withdrawn_where_its_evidence_is_seen(
    hand: Visitor, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    page = hand.visit("geometry")
    version = page.locator("#version")
    expect(version.get_by_role("heading", level=2)).to_have_text(f"Geometry {number} of i24")
    expect(version.locator("#panel-maps figure")).to_have_count(3)
    expect(version.locator("#panel-maps .arrow-head")).to_have_count(3)  # a 300K has three modules
    version.get_by_text("Groups of panels (1)").click()
    expect(version.get_by_role("row").filter(has_text="quadrant 1")).to_contain_text("12.0 -7.5")
    dialog = page.get_by_role("dialog")
    for button, done, state, badge in (
        ("Promote", "serves data from", GeometryState.IN_FORCE, "✓ in force"),
        ("Withdraw", "In its place serves the headers' geometry", GeometryState.WITHDRAWN, "↶ withdrawn"),
    ):  # fmt: skip
        version.get_by_role("button", name=button).click()
        dialog.get_by_label("Why").fill(f"{button} it")
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_contain_text(done)
        dialog.get_by_role("button", name="Close").click()
        expect(version).to_contain_text(badge)
        with plate_catalogue.catalog.transaction() as connection:
            assert geometry_by_id(connection, number).state is state
    expect(page.locator("#periods .period")).to_have_count(1)
    assert version.locator(".decisions li").count() == 2
    assert not hand.complaints


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_pages_are_accessible_in_both_themes(
    hand: Visitor,
    group_counts: dict[float, int],
    plate_catalogue: FilledCatalogue,
    store: ArtifactStore,
    theme: str,
) -> None:
    add_version(plate_catalogue.catalog, store, 1)
    hand.page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = hand.visit("collection/1")
    expect(page.locator(".branch").first).to_be_attached()
    assert hand.accessibility_faults() == []
    page = hand.visit("geometry")
    expect(page.locator("#panel-maps")).to_be_visible()
    assert hand.accessibility_faults() == []
    page = hand.visit("collections")
    expect(page.get_by_role("link", name="plate1")).to_be_visible()
    assert hand.accessibility_faults() == []
