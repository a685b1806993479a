"""A person lets a geometry serve in Airflow, or elsewhere while Airflow waits."""

import json

import pytest
from tests.end_to_end.platform_bench import Platform, wait_for
from tests.services.candidate_bench import GOOD, candidate_of
from tests.services.filled_catalogue import NOW

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology import load_metrology, record_metrology_step
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import METROLOGY_STEPS, MetrologyId, MetrologyOptions, MetrologyStepReport

pytestmark = pytest.mark.end_to_end

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
    found = airflow.task_instances("refine_metrology", RUN)
    return {ti["map_index"]: ti["state"] for ti in found if ti["task_id"] == f"detector.{task}"}


def test_a_person_answers_in_airflow_and_another_one_with_a_command_while_it_waits(
    platform: Platform,
) -> None:
    (first, promoted), (second, rejected) = (give_candidate(platform, name) for name in ("one", "two"))
    with platform.airflow() as airflow:
        airflow.trigger("refine_metrology", RUN, {"metrology_ids": [first, second]})
        both = {0: "deferred", 1: "deferred"}
        wait_for("both questions", lambda: states(airflow, "approve") == both)
        answer = {"chosen_options": ["Promote"], "params_input": {"why": "better on every panel"}}
        path = f"/dags/refine_metrology/dagRuns/{RUN}/taskInstances/detector.approve/0/hitlDetails"
        answered = airflow._call("PATCH", path, answer)
        assert answered.is_success, answered.text
        done = platform.commands.call("geometry", "reject", str(rejected), "--why", "module 17 was swapped")
        assert done.returncode == 0, done.stderr
        ended = {0: "success", 1: "skipped"}
        wait_for("both ends", lambda: states(airflow, "promote") == ended)
        assert states(airflow, "approve") == ended
    decided = platform.ask(
        "SELECT g.state, d.decided_by, d.why FROM beamloop.geometry_versions g"
        " JOIN beamloop.geometry_decisions d USING (geometry_id) WHERE geometry_id = ANY (%s)"
        " ORDER BY geometry_id",
        [promoted, rejected],
    )
    assert [(row["state"], row["why"]) for row in decided] == [
        ("in_force", "better on every panel"),
        ("rejected", "module 17 was swapped"),
    ]
    assert decided[0]["decided_by"] == platform.variables["BEAMLOOP_AIRFLOW_USER"]
