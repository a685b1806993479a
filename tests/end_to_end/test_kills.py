"""What is killed in mid-run, and what stands in the end: the same as if nothing had happened."""

import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psutil
import pytest
from tests.end_to_end.catalogue_facts import (
    assert_nothing_is_left_over,
    assert_same_facts,
    assert_store_and_catalogue_agree,
    facts_of,
)
from tests.end_to_end.killed_tasks import VICTIMS, KilledTasks
from tests.end_to_end.platform_bench import Platform, deliver, finish, wait_for
from tests.end_to_end.work_in_progress import WorkInProgress, work_on
from tests.services.stack_commands import wait_until

pytestmark = pytest.mark.end_to_end

# A person waits for a result at night: measured 5 s for a killed program or task, 45 s for a scheduler,
# 75 s for a supervisor, on a machine that does little else.
LONGEST_RECOVERY_S = 180
AWAY_S = 20  # how long the database is away


@pytest.fixture(scope="module")
def runs_of_killed_tasks(killed_tasks: KilledTasks) -> dict[str, int]:
    """Provide the three runs when they have ended."""
    document = finish(killed_tasks.command)
    ended_at = max(datetime.fromisoformat(sweep["ended_at"]) for sweep in document["sweeps"])
    assert (ended_at - killed_tasks.killed_at).total_seconds() < LONGEST_RECOVERY_S
    return killed_tasks.runs


@pytest.mark.parametrize("sweep", list(VICTIMS))
def test_a_killed_part_of_a_task_changes_no_fact_of_the_catalogue(
    platform: Platform, runs_of_killed_tasks: dict[str, int], undisturbed_run: int, sweep: str
) -> None:
    run_id = runs_of_killed_tasks[sweep]
    assert_same_facts(facts_of(platform, run_id), facts_of(platform, undisturbed_run))
    assert_store_and_catalogue_agree(platform, run_id)
    assert_nothing_is_left_over(platform, run_id)


def test_each_killed_task_was_tried_again_and_no_other(
    platform: Platform, runs_of_killed_tasks: dict[str, int]
) -> None:
    (request,) = platform.requests(platform.state / "killed_tasks")
    tries = platform.tries(request)
    assert set(tries) == set(runs_of_killed_tasks)
    for sweep, (step, _) in VICTIMS.items():
        assert {name: count for name, count in tries[sweep].items() if count > 1} == {step: 2}


def test_a_killed_scheduler_changes_no_fact_of_the_catalogue(
    platform: Platform, images: Path, undisturbed_run: int
) -> None:
    def kill(work: WorkInProgress) -> None:
        # A short program would end in the seconds that the stack gives to what a scheduler leaves behind.
        work.program.suspend()
        work.scheduler.kill()

    _process_with_an_accident(platform, images, "killed_scheduler", "index", kill, undisturbed_run)
    (request,) = platform.requests(platform.state / "killed_scheduler")
    assert platform.tries(request)["killed_scheduler_1"]["index"] == 2


def test_a_database_that_stands_still_for_a_while_changes_no_fact_of_the_catalogue(
    platform: Platform, images: Path, undisturbed_run: int
) -> None:
    def stop_for_a_while(_: WorkInProgress) -> None:
        server = _database(platform)
        family = [server, *server.children()]
        for process in family:
            process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(AWAY_S)
        finally:
            for process in family:
                process.send_signal(signal.SIGCONT)

    _process_with_an_accident(
        platform, images, "stopped_database", "find_spots", stop_for_a_while, undisturbed_run
    )


def test_a_killed_database_changes_no_fact_of_the_catalogue(
    platform: Platform, images: Path, undisturbed_run: int
) -> None:
    server = _database(platform)

    def kill(_: WorkInProgress) -> None:
        server.kill()

    _process_with_an_accident(platform, images, "killed_database", "integrate", kill, undisturbed_run)
    assert _database(platform) != server


def _process_with_an_accident(
    platform: Platform,
    images: Path,
    name: str,
    step: str,
    accident: Callable[[WorkInProgress], None],
    undisturbed_run: int,
) -> None:
    """Process a sweep, let something happen while a step is at work, and compare the end."""
    directory = platform.state / name
    deliver(images, directory, {f"{name}_1": "xtal1_1"})
    command = platform.begin(directory)
    wait_for("the request", lambda: platform.run_ids(directory))
    (run_id,) = platform.run_ids(directory).values()
    folder = platform.run_directory(run_id)
    accident(wait_for(f"a program at work on {step}", lambda: work_on(folder, step)))
    over_at = time.monotonic()
    finish(command)
    assert time.monotonic() - over_at < LONGEST_RECOVERY_S
    assert_same_facts(facts_of(platform, run_id), facts_of(platform, undisturbed_run))
    assert_store_and_catalogue_agree(platform, run_id)
    assert_nothing_is_left_over(platform, run_id)
    assert wait_until(lambda: bool(platform.commands.status()["well"]), LONGEST_RECOVERY_S)


def _database(platform: Platform) -> psutil.Process:
    return psutil.Process(platform.commands.pids()["postgres"])
