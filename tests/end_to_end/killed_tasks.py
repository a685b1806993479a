"""A request whose tasks are hit in mid-step, each at another of its processes."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from tests.end_to_end.platform_bench import Platform, deliver, wait_for
from tests.end_to_end.work_in_progress import WorkInProgress, work_on

# Which process of a step is killed, and during which step: indexing lasts long enough to be met at work.
VICTIMS: dict[str, tuple[str, Callable[[WorkInProgress], psutil.Process]]] = {
    "program_1": ("index", lambda work: work.program),
    "task_1": ("index", lambda work: work.task),
    "supervisor_1": ("index", lambda work: work.supervisor),
}


@dataclass(frozen=True)
class KilledTasks:
    """A request whose three tasks were hit, while Airflow goes on with it."""

    runs: dict[str, int]
    command: "subprocess.Popen[str]"
    killed_at: datetime  # UTC, after the last of the kills


def kill_tasks(platform: Platform, images: Path) -> KilledTasks:
    """Process three copies of one sweep, and kill one process of each in mid-step."""
    directory = platform.state / "killed_tasks"
    deliver(images, directory, dict.fromkeys(VICTIMS, "xtal1_1"))
    command = platform.begin(directory)
    wait_for("the request", lambda: len(platform.run_ids(directory)) == len(VICTIMS))
    runs = platform.run_ids(directory)
    folders = {sweep: platform.run_directory(run_id) for sweep, run_id in runs.items()}
    waiting = dict(VICTIMS)

    def kill_those_at_work() -> bool:
        for sweep, (step, victim) in list(waiting.items()):
            if work := work_on(folders[sweep], step):
                victim(work).kill()
                del waiting[sweep]
        return not waiting

    wait_for("a program at work on each sweep", kill_those_at_work)
    return KilledTasks(runs, command, datetime.now(UTC))
