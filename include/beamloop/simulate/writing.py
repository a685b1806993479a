"""Write a collection as a beamline does: image by image, each file appearing whole."""

import errno
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from beamloop.errors import DiskFullError, InvalidInputError
from beamloop.simulate.plan import CollectionPlan, sweep_images
from beamloop.simulate.scene import scene_of
from beamloop.simulate.truth import TRUTH_FILE, Truth, encode_truth, truth_of

OnImage = Callable[[Path], None]


def _ignore(_: Path) -> None:
    pass


def write_collection(
    plan: CollectionPlan,
    directory: Path,
    *,
    pace_s_per_image: float = 0.0,
    processes: int = 1,
    on_image: OnImage = _ignore,
) -> Truth:
    """Write the truth, then all images of a collection.

    Parameters
    ----------
    plan
        What to simulate.
    directory
        Made if it is not there; must not hold a simulated collection yet.
    pace_s_per_image
        Seconds from one image to the next, sweep after sweep; 0 writes as fast as it goes.
    processes
        How many sweeps are made at the same time; the bytes do not depend on it.
    on_image
        Called with each image's path when the file is whole. With several processes, called for all images of
        a sweep when the sweep is finished.

    Raises
    ------
    InvalidInputError
        When the plan cannot be, the directory is in use, or a pace is asked of several processes.
    DiskFullError
        When the disk has no room left.
    """
    _check(plan, pace_s_per_image, processes)
    truth = truth_of(plan)
    with _clear_disk_errors(directory):
        _start(directory, truth)
        if processes > 1:
            _write_in_parallel(plan, directory, processes, on_image)
        else:
            _write_in_order(plan, directory, pace_s_per_image, on_image)
    return truth


def _check(plan: CollectionPlan, pace_s_per_image: float, processes: int) -> None:
    if pace_s_per_image > 0 and processes > 1:
        raise InvalidInputError(
            "A beamline's pace cannot be kept by several processes.",
            try_next="Leave out the pace, or use one process.",
        )
    names = [sweep.name for sweep in plan.sweeps]
    if len(set(names)) < len(names):
        raise InvalidInputError(
            "Two sweeps of the plan have the same name.", try_next="Name each differently."
        )
    for sweep in plan.sweeps:
        if not set(sweep.missing) <= set(range(1, sweep.images + 1)):
            raise InvalidInputError(
                f"The plan leaves out images that {sweep.name} does not have: {sweep.missing}.",
                try_next=f"Give numbers from 1 to {sweep.images}.",
            )


@contextmanager
def _clear_disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(
                f"No room left for the simulated images in {directory}.",
                evidence=str(fault),
                try_next="Free some space, or choose another directory.",
            ) from fault
        raise


def _start(directory: Path, truth: Truth) -> None:
    """Make the directory and write the truth first: results can then be compared from the first image on."""
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / TRUTH_FILE).exists():
        raise InvalidInputError(
            f"{directory} holds a simulated collection already.",
            try_next="Choose a new directory, or remove this one first.",
        )
    _write_whole(directory / TRUTH_FILE, encode_truth(truth))


def _write_whole(path: Path, data: bytes) -> None:
    """Write under a hidden name and rename: nobody ever sees half a file."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


class _Pace:
    """Waits until the next image is due: the first at once, the others one step apart.

    Against the clock of the whole collection, so that the time an image takes does not add up.
    """

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._next_at = -math.inf

    def wait(self) -> None:
        now = time.monotonic()
        if self._step_s > 0 and self._next_at > now:
            time.sleep(self._next_at - now)
        self._next_at = self._step_s + (now if self._next_at == -math.inf else self._next_at)


def _write_in_order(
    plan: CollectionPlan, directory: Path, pace_s_per_image: float, on_image: OnImage
) -> None:
    pace = _Pace(pace_s_per_image)
    for index in range(len(plan.sweeps)):
        for path in _write_sweep(plan, directory, index, pace):
            on_image(path)


def _write_sweep(plan: CollectionPlan, directory: Path, index: int, pace: _Pace) -> Iterator[Path]:
    scene = scene_of(plan)
    images = sweep_images(plan.sweeps[index])
    for number in images.numbers:
        path = directory / images.path(number)
        image = scene.image_bytes(index, number)
        pace.wait()
        _write_whole(path, image)
        yield path


def _write_whole_sweep(plan: CollectionPlan, directory: Path, index: int) -> list[Path]:
    return list(_write_sweep(plan, directory, index, _Pace(0.0)))


def _write_in_parallel(plan: CollectionPlan, directory: Path, processes: int, on_image: OnImage) -> None:
    # Spawned, not forked: the caller may have threads (Airflow, a test runner).
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for paths in pool.map(partial(_write_whole_sweep, plan, directory), range(len(plan.sweeps))):
            for path in paths:
                on_image(path)
