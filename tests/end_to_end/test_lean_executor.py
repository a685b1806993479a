"""Tasks that end in every way, run by Beamloop's executor in a stack of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.conftest import running_platform
from tests.end_to_end.platform_bench import Platform, wait_for
from tests.services.task_instances import task_instances

from beamloop.errors import NotFoundError

pytestmark = pytest.mark.end_to_end

ENDS = {
    "retried": ("success", 2),
    "killed": ("success", 2),
    "skipped": ("skipped", 1),
    "failed": ("failed", 1),
    "timed_out": ("failed", 1),
    "makes": ("success", 1),
    "takes": ("success", 1),
    "deferred": ("success", 1),
}


@pytest.fixture(scope="module")
def platform_of_ends() -> Iterator[Platform]:
    """Provide a stack whose only DAGs are those of this test."""
    with running_platform({"BEAMLOOP_DAGS": str(Path(__file__).parent / "dags")}) as made:
        yield made


def test_tasks_end_as_airflow_has_it_whatever_befalls_them(platform_of_ends: Platform) -> None:
    configuration = (platform_of_ends.state / "airflow" / "airflow.cfg").read_text()
    assert "executor = lean_executor.LeanExecutor" in configuration
    with platform_of_ends.airflow() as airflow:
        wait_for("the DAG", lambda: _started(platform_of_ends))
        wait_for("the end", lambda: airflow.dag_run_state("ways_to_end", "all") in ("success", "failed"))
        found = task_instances(airflow, "ways_to_end", "all")
    assert {task["task_id"]: (task["state"], task["try_number"]) for task in found} == ENDS
    wait_for("the run that the asset starts", lambda: len(platform_of_ends.dag_runs("starts_when_made")) == 1)
    log = (platform_of_ends.state / "logs" / "scheduler.log").read_text()
    assert "Loaded executor: ::lean_executor.LeanExecutor" in log
    assert "Traceback" not in log


def _started(platform: Platform) -> bool:
    with platform.airflow() as airflow:
        try:
            return airflow.trigger("ways_to_end", "all", {})
        except NotFoundError:  # Airflow has not read the file yet
            return False
