"""Nights of joint refinement: a group whose members changed is refined, no other."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.platform_bench import Platform, Row, deliver, wait_for
from tests.services.task_instances import task_instances

pytestmark = pytest.mark.end_to_end

STEPS = ("refine", "integrate", "report")


@dataclass(frozen=True)
class Night:
    """What one run of the DAG did."""

    tasks: list[tuple[str, str, str]]  # [("group.refine", "nights A", "success")]
    joints: list[Row]  # that were not there before


@pytest.fixture(scope="module")
def changing(platform: Platform, images: Path) -> Path:
    """Provide a folder of two sweeps that are one group; the killed tasks' folder is another such."""
    directory = platform.state / "nights"
    deliver(images, directory, {"first_1": "xtal1_1", "second_1": "xtal2_1"})
    platform.process(directory)
    return directory


@pytest.fixture(scope="module")
def first_night(platform: Platform, changing: Path) -> Night:
    """Provide what the first night did, when every collection had its report."""
    return _night(platform, "the first")


@pytest.fixture(scope="module")
def second_night(platform: Platform, first_night: Night) -> Night:
    """Provide what a night did before which nothing was processed."""
    return _night(platform, "the second")


def _night(platform: Platform, name: str) -> Night:
    """Let refine_joint run as it does every night."""
    wait_for("a report on every collection", lambda: _is_quiet(platform))
    before = {row["joint_id"] for row in _joints(platform)}
    dag_run_id = f"night-{name.replace(' ', '-')}"
    with platform.airflow() as airflow:
        assert airflow.trigger("refine_joint", dag_run_id, {})
        wait_for(name, lambda: airflow.dag_run_state("refine_joint", dag_run_id) == "success")
        tasks = task_instances(airflow, "refine_joint", dag_run_id)
    return Night(
        sorted((task["task_id"], task["rendered_map_index"] or "", task["state"]) for task in tasks),
        [row for row in _joints(platform) if row["joint_id"] not in before],
    )


def _is_quiet(platform: Platform) -> bool:
    """Tell whether nothing is being processed or reported on, and nothing waits for a report."""
    (open_work,) = platform.ask(
        "SELECT (SELECT count(*) FROM beamloop.requests WHERE ended_at IS NULL)"
        " + (SELECT count(*) FROM beamloop.isomorphism_news WHERE taken_up < changes) AS count"
    )
    with platform.airflow() as airflow:
        checks = [
            airflow.dag_run_state("check_isomorphism", name)
            for name in platform.dag_runs("check_isomorphism")
        ]
    return open_work["count"] == 0 and set(checks) <= {"success", "failed"}


def _joints(platform: Platform) -> list[Row]:
    return platform.ask(
        "SELECT j.joint_id, c.directory, g.name, j.state, ARRAY(SELECT s.name FROM beamloop.joint_members m"
        " JOIN beamloop.runs USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)"
        " WHERE m.joint_id = j.joint_id ORDER BY s.name) AS sweeps"
        " FROM beamloop.joint_refinements j JOIN beamloop.isomorphous_groups g USING (group_id)"
        " JOIN beamloop.collections c USING (collection_id) ORDER BY j.joint_id"
    )


def test_a_night_refines_every_group_of_two_sweeps_and_more(
    platform: Platform, changing: Path, first_night: Night
) -> None:
    found = {row["directory"]: row for row in first_night.joints}
    mine, other = found[str(changing)], found[str(platform.state / "killed_tasks")]
    assert (mine["name"], mine["state"], mine["sweeps"]) == ("A", "published", ["first_1", "second_1"])
    assert (other["state"], len(other["sweeps"])) == ("published", 3)
    for joint in (mine, other):
        _assert_report_is_in_store(platform, joint["joint_id"])
    assert {("group." + step, "nights A", "success") for step in STEPS} <= set(first_night.tasks)


def _assert_report_is_in_store(platform: Platform, joint_id: int) -> None:
    (report,) = platform.ask(
        "SELECT key, sha256 FROM beamloop.joint_artifacts"
        " WHERE joint_id = %s AND step = 'report' AND name = 'report.html'",
        joint_id,
    )
    stored = platform.state / "artifacts" / report["key"]
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == report["sha256"]


def test_a_second_night_with_nothing_new_does_nothing(second_night: Night) -> None:
    assert second_night.joints == []
    # A group of tasks that is mapped over nothing is skipped as a whole.
    states = {task: state for task, _, state in second_night.tasks}
    assert states == {"list_groups": "success"} | {f"group.{step}": "skipped" for step in STEPS}


def test_one_new_sweep_refines_its_group_only(
    platform: Platform, images: Path, changing: Path, second_night: Night
) -> None:
    deliver(images, changing, {"third_1": "xtal2_1"})
    platform.process(changing)
    night = _night(platform, "the third")
    (joint,) = night.joints
    assert (joint["directory"], joint["name"], joint["state"]) == (str(changing), "A", "published")
    assert joint["sweeps"] == ["first_1", "second_1", "third_1"]
    refined = [(task, group, state) for task, group, state in night.tasks if task != "list_groups"]
    assert refined == sorted((f"group.{step}", "nights A", "success") for step in STEPS)
