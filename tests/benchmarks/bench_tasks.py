"""What Airflow's tasks cost by themselves: `process_collection` without its work."""

import time
import uuid
from functools import partial
from pathlib import Path

from tests.benchmarks.figures import Figures
from tests.benchmarks.stack_cpu import stack_cpu_s
from tests.end_to_end.conftest import running_platform
from tests.end_to_end.platform_bench import Platform, wait_for
from tests.services.task_instances import task_instances

from beamloop.catalog.requests import SWEEPS_PER_REQUEST
from beamloop.errors import NotFoundError
from beamloop.local_stack.airflow_rest import AirflowClient

DAG = "empty_steps"
DAGS = Path(__file__).parent / "dags"
POLL_S = 1.0


def compare(sweeps: int) -> Figures:
    """Run the same empty tasks by each executor, each in a stack of its own."""
    return {executor: measure(executor, sweeps) for executor in ("stock", "lean")}


def measure(executor: str, sweeps: int) -> Figures:
    """Run the six empty steps of so many sweeps, after one sweep that warms the stack up."""
    with running_platform({"BEAMLOOP_DAGS": str(DAGS), "BEAMLOOP_EXECUTOR": executor}) as platform:
        _run(platform, 1)
        before, began_s = stack_cpu_s(platform.state), time.monotonic()
        tasks = _run(platform, sweeps)
        wall_s = time.monotonic() - began_s
        used = {name: cpu_s - before[name] for name, cpu_s in stack_cpu_s(platform.state).items()}
    return {
        "tasks": tasks,
        "wall_s": wall_s,
        "cpu_s_by_part_of_the_stack": used,
        "cpu_s_per_task": sum(used.values()) / tasks,
    }


def _run(platform: Platform, sweeps: int) -> int:
    """Run as many DAG runs at once as a request of so many sweeps has; return how many task instances."""
    at_once = range(0, sweeps, SWEEPS_PER_REQUEST)
    runs = {f"bench_{uuid.uuid4()}": min(SWEEPS_PER_REQUEST, sweeps - at) for at in at_once}
    with platform.airflow() as airflow:
        for name, count in runs.items():
            wait_for("the DAG", partial(_start, airflow, name, count))
        for name in runs:
            while (state := airflow.dag_run_state(DAG, name)) != "success":
                assert state in ("queued", "running"), state
                time.sleep(POLL_S)
        return sum(len(task_instances(airflow, DAG, name)) for name in runs)


def _start(airflow: AirflowClient, name: str, sweeps: int) -> bool:
    try:
        return airflow.trigger(DAG, name, {"sweeps": sweeps})
    except NotFoundError:  # Airflow has not read the file yet
        return False
