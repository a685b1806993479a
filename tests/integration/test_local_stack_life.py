"""One stack, from its start to its end: what it offers, and what it survives."""

import json
import os
import resource
import signal
import stat
from collections.abc import Iterator

import psutil
import pytest
from tests.services.stack_commands import (
    StackCommands,
    adopt_orphans,
    living_descendants,
    stack_folder,
    wait_until,
)

from beamloop.local_stack import load_stack_environment
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.process_trees import wait_until_gone

pytestmark = pytest.mark.integration

# Spaces, quotes, a per cent and a comment sign, and longer than a socket's address may be.
HOSTILE_NAME = "a; b #c 50% 'q\" $(x) é " + "long" * 30
NAPPING_DAG = """
import subprocess
from airflow.sdk import dag, task

@dag(schedule=None)
def nap():
    @task
    def sleep():
        subprocess.run(["sleep", "987.5"], start_new_session=True)
    sleep()

nap()
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackCommands]:
    """Provide a started stack with one DAG whose task takes for ever."""
    adopt_orphans()
    dags = tmp_path_factory.mktemp("dags")
    (dags / "nap.py").write_text(NAPPING_DAG)
    with stack_folder(HOSTILE_NAME, dags) as commands:
        started = commands.call("up")
        assert started.returncode == 0, started.stdout + started.stderr
        yield commands


@pytest.fixture
def airflow(stack: StackCommands) -> Iterator[AirflowClient]:
    """Provide a client of the stack's Airflow."""
    variables = load_stack_environment(stack.state)
    with AirflowClient(
        variables["BEAMLOOP_AIRFLOW_URL"],
        variables["BEAMLOOP_AIRFLOW_USER"],
        variables["BEAMLOOP_AIRFLOW_PASSWORD"],
    ) as client:
        yield client


def _napping() -> list[psutil.Process]:
    return [process for process in living_descendants() if process.cmdline() == ["sleep", "987.5"]]


def _start_nap(airflow: AirflowClient, run: str) -> None:
    assert airflow.trigger("nap", run, {})
    assert wait_until(lambda: bool(_napping()), 60)


def _is_well(stack: StackCommands) -> bool:
    return bool(stack.status()["well"])


def test_a_started_stack_is_well_and_says_so(stack: StackCommands) -> None:
    answer = stack.call("status")
    assert answer.returncode == 0
    assert "catalogue: answers" in answer.stdout
    assert "Not all is well" not in answer.stdout


def test_a_second_start_leaves_a_running_stack_alone(stack: StackCommands) -> None:
    before = stack.pids()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert stack.call("up").returncode == 0
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert stack.pids() == before
    # 0.5 to 1 CPU s, of which most are imports; starting Airflow anew costs 10.
    assert now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime < 3


def test_no_file_with_a_secret_is_readable_by_others(stack: StackCommands) -> None:
    names = ["secrets.json", "stack.env", "airflow/airflow.cfg", "airflow/passwords.json"]
    modes = {name: stat.S_IMODE((stack.state / name).stat().st_mode) for name in names}
    assert modes == dict.fromkeys(names, 0o600)


def test_the_settings_file_is_applied_with_the_values_of_this_machine(
    stack: StackCommands, airflow: AirflowClient
) -> None:
    connections = airflow.call("GET", "/connections").json()["connections"]
    places = {entry["connection_id"]: entry for entry in connections}
    variables = load_stack_environment(stack.state)
    assert f"port={places['beamloop_catalog']['port']} " in variables["BEAMLOOP_CATALOG_DSN"]
    assert json.loads(places["beamloop_runs"]["extra"]) == {"path": str(stack.state / "runs")}
    pools = {pool["name"]: pool["slots"] for pool in airflow.call("GET", "/pools").json()["pools"]}
    assert pools["dials"] == len(os.sched_getaffinity(0))
    assert pools["refinement"] == 1


def test_a_run_is_started_once_under_one_name(airflow: AirflowClient) -> None:
    assert airflow.trigger("nap", "once", {})
    assert not airflow.trigger("nap", "once", {})
    assert airflow.dag_run_state("nap", "once") in {"queued", "running"}


def test_a_killed_scheduler_comes_back_and_leaves_no_orphan(
    stack: StackCommands, airflow: AirflowClient
) -> None:
    _start_nap(airflow, "scheduler-killed")
    scheduler = psutil.Process(stack.pids()["scheduler"])
    workers = scheduler.children(recursive=True)
    assert set(_napping()) <= set(workers)
    scheduler.kill()
    alive = wait_until_gone(workers, 20)
    assert alive == []
    assert wait_until(lambda: stack.pids()["scheduler"] not in {None, scheduler.pid}, 30)
    assert wait_until(lambda: _is_well(stack), 90)


def test_a_killed_database_comes_back_and_with_it_the_rest(stack: StackCommands) -> None:
    postmaster = psutil.Process(stack.pids()["postgres"])
    postmaster.kill()
    assert wait_until(lambda: stack.pids()["postgres"] not in {None, postmaster.pid}, 30)
    assert wait_until(lambda: _is_well(stack), 90)


def test_a_killed_supervisor_takes_everything_with_it_and_a_new_start_works(
    stack: StackCommands,
) -> None:
    supervisor = psutil.Process(int((stack.state / "supervisor" / "supervisord.pid").read_text()))
    family = supervisor.children(recursive=True)
    supervisor.kill()
    assert stack.call("up").returncode == 0
    alive = wait_until_gone(family, 0)
    assert alive == []
    assert _is_well(stack)


@pytest.mark.parametrize("way", ["down", "SIGTERM"])
def test_no_process_is_left_when_the_stack_ends(
    stack: StackCommands, airflow: AirflowClient, way: str
) -> None:
    assert stack.call("up").returncode == 0
    _start_nap(airflow, f"ended-by-{way}")
    supervisor = psutil.Process(int((stack.state / "supervisor" / "supervisord.pid").read_text()))
    family = [supervisor, *supervisor.children(recursive=True)]
    if way == "down":
        assert stack.call("down").returncode == 0
    else:
        supervisor.send_signal(signal.SIGTERM)
    alive = wait_until_gone(family, 60)
    assert alive == []
    assert _napping() == []
    assert stack.call("status").returncode == 1
