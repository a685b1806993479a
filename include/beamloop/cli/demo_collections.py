"""The demo's simulated beamline: collections that appear in a folder."""

import shutil
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from beamloop.local_stack.narration import Narration
from beamloop.simulate import Truth, read_truth, write_collection
from beamloop.simulate.plan import CollectionPlan, sweep_images


def collect(
    console: Console,
    narration: Narration,
    plan: CollectionPlan,
    directory: Path,
    *,
    pace_s_per_image: float = 0.0,
) -> Truth:
    """Write a collection as a beamline would, unless it stands there whole.

    Parameters
    ----------
    console, narration
        Where progress is told.
    plan
        What to simulate.
    directory
        Where to; what an interrupted demo left there is removed.
    pace_s_per_image
        Seconds from image to image; 0: as fast as it goes.
    """
    images = [directory / path for sweep in plan.sweeps for path in sweep_images(sweep).paths()]
    if directory.exists():
        if all(path.exists() for path in images):
            narration.note(f"The simulated collection {directory.name} is there already.")
            return read_truth(directory)
        shutil.rmtree(directory)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"beamline writes {directory.name}", total=len(images))
        truth = write_collection(
            plan, directory, pace_s_per_image=pace_s_per_image, on_image=lambda _: progress.advance(bar)
        )
    narration.note(f"Simulated beamline wrote {len(images)} images to {directory}")
    return truth
