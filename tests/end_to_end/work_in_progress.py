"""The processes that do a step, from Airflow's scheduler down to the DIALS program; and the step's lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class WorkInProgress:
    """One step while a DIALS program is at work on it."""

    program: psutil.Process  # dials.index
    task: psutil.Process  # Airflow's task process, which runs the step
    supervisor: psutil.Process  # the executor's worker, which watches the task and speaks for it
    scheduler: psutil.Process


def work_on(run_directory: Path, step: str, lock: str = "") -> WorkInProgress | None:
    """Find who is at work on a step of a run; None while nobody is.

    Parameters
    ----------
    run_directory
        Where the run is worked on.
    step
        The step's name.
    lock
        The name of its lock, where all steps of a run have one; "": the step's own.
    """
    inside = {
        process.pid: process for process in psutil.process_iter() if _is_in(process, run_directory, step)
    }
    with suppress(psutil.Error):
        for program in inside.values():
            if program.ppid() in inside and (task := _holder(run_directory / f".{lock or step}.lock")):
                return WorkInProgress(program, task, *task.parents()[:2])
    return None


def _is_in(process: psutil.Process, run_directory: Path, step: str) -> bool:
    """Tell whether a process works in a step's folder, as a launcher and its program do."""
    with suppress(psutil.Error):
        return Path(process.cwd()).is_relative_to(run_directory / f".staging-{step}")
    return False


def _holder(lock: Path) -> psutil.Process | None:
    """Return the process that holds a step."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(lock) in (opened.path for opened in process.open_files()):
                return process
    return None


@contextmanager
def held_step(run_directory: Path, step: str) -> Iterator[None]:
    """Keep a step of a run from beginning, as another machine's worker at the same step does."""
    run_directory.mkdir(parents=True, exist_ok=True)
    with open(run_directory / f".{step}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
