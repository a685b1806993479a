"""The processes that do a step, from Airflow's scheduler down to the DIALS program; and the step's lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from beamloop.dials_cli.starter import LAUNCHER


@dataclass(frozen=True)
class WorkInProgress:
    """One step while a DIALS program is at work on it."""

    program: psutil.Process  # dials.index
    task: psutil.Process  # Airflow's task process, which runs the step
    supervisor: psutil.Process  # the executor's worker, which watches the task and speaks for it
    scheduler: psutil.Process


def work_on(run_directory: Path, step: str) -> WorkInProgress | None:
    """Find who is at work on a step of a run; None while nobody is."""
    staging = run_directory / f".staging-{step}"
    for process in psutil.process_iter():
        with suppress(psutil.Error, IndexError):
            if str(LAUNCHER) in process.cmdline() and Path(process.cwd()).is_relative_to(staging):
                task = process.parents()[0]
                return WorkInProgress(process.children()[0], task, *task.parents()[:2])
    return None


@contextmanager
def held_step(run_directory: Path, step: str) -> Iterator[None]:
    """Keep a step of a run from beginning, as another machine's worker at the same step does."""
    run_directory.mkdir(parents=True, exist_ok=True)
    with open(run_directory / f".{step}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
