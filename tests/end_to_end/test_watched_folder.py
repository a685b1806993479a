"""A beamline drops collections into its watched folder; nobody types anything."""

import hashlib
from pathlib import Path

import pytest
from tests.end_to_end.catalogue_facts import assert_nothing_is_left_over, assert_store_and_catalogue_agree
from tests.end_to_end.platform_bench import Platform, Row, deliver, wait_for

from beamloop.records.parameters import STEPS
from beamloop.simulate import read_truth

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def plate(platform: Platform, images: Path) -> Path:
    """Provide a folder of a good and a blank sweep that the watcher has found and Airflow has processed."""
    directory = platform.watched / "plate"
    deliver(images, directory, {"good_1": "xtal1_1", "blank_1": "xtal3_1"})
    wait_for("the watcher's request", lambda: platform.requests(directory))
    platform.wait_until_ended(directory)
    return directory


def test_every_sweep_that_appears_ends_as_its_truth_says(
    platform: Platform, images: Path, plate: Path
) -> None:
    truth = read_truth(images)
    outcomes = platform.outcomes(plate)
    assert outcomes["good_1"][0] == "processed"
    assert outcomes["blank_1"][0] in truth.sweep("xtal3_1").expected_outcomes
    for run_id in platform.run_ids(plate).values():
        assert_store_and_catalogue_agree(platform, run_id)
        assert_nothing_is_left_over(platform, run_id)


def test_the_grid_names_each_sweep_and_shows_what_the_catalogue_says_and_that_it_has_arrived(
    platform: Platform, plate: Path
) -> None:
    blank_step = platform.outcomes(plate)["blank_1"][1]
    done = STEPS.index(blank_step)
    (request,) = platform.requests(plate)
    assert platform.grid(request) == {
        "good_1": dict.fromkeys(STEPS, "success"),
        # The step that ends a sweep without a result is itself shown as skipped, with all after it.
        "blank_1": dict.fromkeys(STEPS[:done], "success") | dict.fromkeys(STEPS[done:], "skipped"),
    }
    assert platform.dag_run_state(request) == "success"
    # What people ask for weighs no more than the number of its step.
    assert all(min(weights.values()) > len(STEPS) for weights in platform.weights(request).values())


def test_another_look_starts_nothing_and_a_later_sweep_is_a_request_of_its_own(
    platform: Platform, images: Path, plate: Path
) -> None:
    before = platform.run_ids(plate)
    assert platform.call_dispatcher() == {"scan_folders": "success", "start_processing": "skipped"}
    assert len(platform.requests(plate)) == 1
    deliver(images, plate, {"later_1": "xtal2_1"})
    wait_for("a second request", lambda: len(platform.requests(plate)) == 2)
    platform.wait_until_ended(plate)
    assert set(platform.grid(platform.requests(plate)[1])) == {"later_1"}
    assert platform.run_ids(plate).items() >= before.items()
    assert platform.outcomes(plate)["later_1"][0] == "processed"


def test_the_collection_is_checked_by_itself_and_its_report_is_in_the_store(
    platform: Platform, plate: Path
) -> None:
    def reports() -> list[Row]:
        return platform.ask(
            "SELECT report_id, verdict, (SELECT array_agg(s.name ORDER BY s.name)"
            " FROM beamloop.report_members m JOIN beamloop.runs USING (run_id)"
            " JOIN beamloop.sweeps s USING (sweep_id)"
            " WHERE m.report_id = p.report_id) AS sweeps"
            " FROM beamloop.isomorphism_reports p JOIN beamloop.collections c USING (collection_id)"
            " WHERE c.directory = %s AND published_at IS NOT NULL ORDER BY report_id",
            str(plate),
        )

    def newest_sweeps() -> list[str]:
        return [name for report in reports()[-1:] for name in report["sweeps"]]

    # The blank has no cell; the other two are processed, one after the other.
    wait_for("a report on both sweeps", lambda: newest_sweeps() == ["good_1", "later_1"])
    newest = reports()[-1]
    assert newest["verdict"] == "isomorphous"
    stored = platform.ask(
        "SELECT name, key, sha256 FROM beamloop.report_artifacts WHERE report_id = %s", newest["report_id"]
    )
    assert {file["name"] for file in stored} >= {"report.html", "tree.png", "CLUSTERS.txt", "mtz_names.dat"}
    for file in stored:
        assert (
            hashlib.sha256((platform.state / "artifacts" / file["key"]).read_bytes()).hexdigest()
            == file["sha256"]
        )
