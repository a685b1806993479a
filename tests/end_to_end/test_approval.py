"""People decide on geometries: in Airflow, on the page *Geometry*, in a shell, while Airflow waits."""

import json

import pytest
from playwright.sync_api import Page, expect
from tests.end_to_end.page_visitor import PATIENCE_MS, decide, head_of
from tests.end_to_end.platform_bench import Platform, wait_for
from tests.services.candidate_bench import GOOD, candidate_of
from tests.services.filled_catalogue import NOW
from tests.services.task_instances import task_instances

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology import load_metrology, record_metrology_step
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import METROLOGY_STEPS, MetrologyId, MetrologyOptions, MetrologyStepReport

pytestmark = [pytest.mark.end_to_end, pytest.mark.browser]

expect.set_options(timeout=PATIENCE_MS)

RUN = "approval-test"


def give_candidate(platform: Platform, beamline: str) -> tuple[MetrologyId, GeometryId]:
    """Record a metrology whose steps are all done, as the tasks then find it, without files in the store."""
    (platform.state / beamline).mkdir()
    (platform.state / "beamlines" / f"{beamline}.yaml").write_text(
        f"beamline: {beamline}\nroots: [../{beamline}]\n"
    )
    platform.ask("INSERT INTO beamloop.beamlines (beamline) VALUES (%s) RETURNING beamline", beamline)
    (row,) = platform.ask(
        "INSERT INTO beamloop.metrologies (beamline, distance_mm, work_sha256, repetition, options,"
        " dials_version, requested_by) VALUES (%s, 250, repeat('a', 64), 0, %s, '3.12.1', 'a test')"
        " RETURNING metrology_id",
        beamline,
        json.dumps(MetrologyOptions().as_json()),
    )
    metrology_id = MetrologyId(row["metrology_id"])
    with Catalog(platform.variables["BEAMLOOP_CATALOG_DSN"]) as catalog, catalog.transaction() as connection:
        metrology = load_metrology(connection, metrology_id)
        for step in METROLOGY_STEPS:
            geometry = candidate_of(metrology, GOOD) if step == "evidence" else None
            report = MetrologyStepReport(step, NOW, NOW, f"{step} is done", geometry=geometry)
            record_metrology_step(connection, metrology_id, report, [])
        geometry_id = load_metrology(connection, metrology_id).geometry_id
    assert geometry_id is not None
    return metrology_id, geometry_id


def states(airflow: AirflowClient, task: str) -> dict[int, str]:
    """Return a task's states by map index."""
    found = task_instances(airflow, "refine_metrology", RUN)
    return {ti["map_index"]: ti["state"] for ti in found if ti["task_id"] == f"detector.{task}"}


def answer_in_airflow(page: Page, base_url: str, subject: str, button: str, why: str) -> None:
    """Answer a question among Airflow's own required actions."""
    page.goto(f"{base_url}/required_actions")
    page.get_by_role("link", name=subject).click()
    send = page.get_by_role("button", name=button, exact=True)
    # Until there is a reason the button sleeps.
    expect(send).to_be_disabled()
    expect(page.get_by_role("link", name="the page Geometry")).to_be_visible()
    page.locator("input[name=element_why]").fill(why)
    send.click()
    expect(page.get_by_text("Response received").first).to_be_visible()


def test_people_decide_in_airflow_on_the_page_and_with_a_command(platform: Platform) -> None:
    numbers = [give_candidate(platform, name) for name in ("one", "two", "three")]
    promoted, on_page, by_command = (geometry_id for _, geometry_id in numbers)
    names = ("BEAMLOOP_AIRFLOW_URL", "BEAMLOOP_AIRFLOW_PASSWORD")
    base_url, password = (platform.variables[name] for name in names)
    with platform.airflow() as airflow:
        airflow.trigger("refine_metrology", RUN, {"metrology_ids": [number for number, _ in numbers]})
        waiting = dict.fromkeys(range(3), "deferred")
        wait_for("three questions", lambda: states(airflow, "approve") == waiting)
        with head_of(base_url, password) as head:
            page = head.page
            answer_in_airflow(page, base_url, "one: shall geometry", "Promote", "better on every panel")
            head.visit(f"geometry?version={on_page}")
            said = decide(page, on_page, "Reject", "the crystal was cracked")
            assert f"Geometry {on_page} is rejected. Where Airflow waits" in said
            done = platform.commands.call(
                "geometry", "reject", str(by_command), "--why", "module 17 was swapped"
            )
            assert done.returncode == 0, done.stderr
            ended = {0: "success", 1: "skipped", 2: "skipped"}
            wait_for("the ends", lambda: states(airflow, "promote") == ended)
            assert states(airflow, "approve") == ended
            head.visit(f"geometry?version={promoted}")
            said = decide(page, promoted, "Withdraw", "it was an exercise")
            assert "In its place serves the headers' geometry; 0 sweeps are stale." in said
    assert trail(platform, promoted) == [
        ("promote", "admin", "better on every panel"),
        ("withdraw", "admin", "it was an exercise"),
    ]
    assert trail(platform, on_page) == [("reject", "admin", "the crystal was cracked")]
    ((decision, _, why),) = trail(platform, by_command)
    assert (decision, why) == ("reject", "module 17 was swapped")


def trail(platform: Platform, geometry_id: GeometryId) -> list[tuple[str, str, str]]:
    """Return what was decided on a version, by whom and why."""
    found = platform.ask(
        "SELECT decision, decided_by, why FROM beamloop.geometry_decisions WHERE geometry_id = %s"
        " ORDER BY decision_id",
        geometry_id,
    )
    return [(row["decision"], row["decided_by"], row["why"]) for row in found]
