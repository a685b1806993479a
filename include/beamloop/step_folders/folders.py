"""Folders of a run: one per step, made in a staging folder and renamed when it is whole."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beamloop.errors import StepBusyError

# A killed predecessor lets go within a second; a living one keeps the step for minutes.
LOCK_PATIENCE_S = 10.0
LOCK_POLL_S = 0.2


@contextmanager
def step_lock(run_directory: Path, step: str) -> Iterator[None]:
    """Keep other processes from doing the same step; the lock ends with its process.

    Parameters
    ----------
    run_directory
        Made when it is not there.
    step
        The step's name.

    Raises
    ------
    StepBusyError
        When another process keeps the step for longer than 10 s.
    """
    run_directory.mkdir(parents=True, exist_ok=True)
    with open(run_directory / f".{step}.lock", "w") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise StepBusyError(
                        f"Another process is at work on the step {step}.",
                        evidence=str(run_directory),
                        try_next="Nothing: this try is repeated; a dead process cannot hold the lock.",
                    ) from error
                time.sleep(LOCK_POLL_S)
        yield


def fresh_staging(run_directory: Path, step: str) -> Path:
    """Return an empty staging folder; what a killed predecessor left in it is removed."""
    staging = run_directory / f".staging-{step}"
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir()
    return staging


def settle(staging: Path, final: Path) -> None:
    """Give a whole staging folder its final name; after this the step is done on this machine."""
    for path in staging.rglob("*"):
        if path.is_file():
            _flush(path)
    _flush(staging)
    os.rename(staging, final)
    _flush(final.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
