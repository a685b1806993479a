"""From a sweep's last image to its first task and to its result: `python -m tests.benchmarks.bench_latency`.

Sweeps appear image by image in a watched folder, each when the one before has its result, so that nothing
waits for another's slot. The beamline says how many images a sweep has: no quiet period is waited for.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import Figures, lines_of
from tests.benchmarks.settled_stack import settle
from tests.end_to_end.conftest import running_platform
from tests.end_to_end.platform_bench import IMAGES, KNOWN_OF_SAMPLES, Platform, wait_for
from tests.services.beamline_pace import arrive
from tests.services.sweep_timeline import Timeline, timelines

from beamloop.simulate import write_collection
from beamloop.simulate.plan import SweepKind
from beamloop.simulate.presets import PRESETS, make_sweeps

SWEEPS = 6
S_PER_IMAGE = 0.5
BEAMLINE = f"beamline: pace\nroots: [../pace]\nimages_per_sweep: {IMAGES}\n{KNOWN_OF_SAMPLES}"


def measure(folder: Path) -> Figures:
    """Let the sweeps arrive in a fresh stack that has settled.

    Parameters
    ----------
    folder
        Scratch.
    """
    write_collection(replace(PRESETS["tiny2"](1), sweeps=make_sweeps((SweepKind.GOOD,), IMAGES)), folder)
    with running_platform() as platform:
        watched = platform.state / "pace" / "plate"
        watched.mkdir(parents=True)
        (platform.state / "beamlines" / "pace.yaml").write_text(BEAMLINE)
        settle(platform)
        for number in range(1, SWEEPS + 1):
            arrive(folder, "xtal1_1", watched, f"w{number}_1", range(1, IMAGES + 1), s_per_image=S_PER_IMAGE)
            wait_for("the result", partial(_has_outcomes, platform, watched, number))
        # Airflow ends a run some time after its last sweep has its result.
        platform.wait_until_ended(watched)
        return _figures(_timelines(platform, watched))


def _timelines(platform: Platform, watched: Path) -> list[Timeline]:
    with platform.airflow() as airflow:
        return timelines(platform.ask, airflow, watched)


def _has_outcomes(platform: Platform, watched: Path, count: int) -> bool:
    return len(platform.outcomes(watched)) == count


def _figures(found: Sequence[Timeline]) -> Figures:
    return {
        "sweeps": len(found),
        "last_image_to_first_task_s": _spread([_until(one, "list_runs") for one in found]),
        "last_image_to_first_step_s": _spread([_until(one, "import") for one in found]),
        "last_image_to_result_s": _spread([one.whole_s for one in found]),
        "of_it_dials_s": _spread([one.dials_s for one in found]),
        "of_it_all_else_s": _spread([one.platform_s for one in found]),
    }


def _until(timeline: Timeline, task: str) -> float:
    """Return the time from the last image to the start of a task, in seconds."""
    passed_s = 0.0
    for stretch in timeline.stretches:
        if stretch.name == task:
            return passed_s + stretch.waits_s
        passed_s += stretch.waits_s + stretch.starts_s + stretch.dials_s + stretch.ends_s
    raise LookupError(f"{timeline.sweep} has no task {task}")


def _spread(values_s: Sequence[float]) -> Figures:
    return {"median": median(values_s), "worst": max(values_s)}


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join(lines_of(measure(Path(folder)))) + "\n")


if __name__ == "__main__":
    main()
