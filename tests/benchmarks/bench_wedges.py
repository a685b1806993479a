"""A set of wedges by the plain script and through Airflow, in one run: wall, CPU, memory, results.

The stack has settled before it is measured, as one that has been up for hours.
"""

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import Figures
from tests.benchmarks.plain_script import PlainWedge, run_plainly
from tests.benchmarks.process_wedge import CELL, SPACE_GROUP
from tests.benchmarks.same_commands import compare_same_commands
from tests.benchmarks.settled_stack import settle
from tests.benchmarks.stack_cpu import stack_cpu_s, stack_memory_bytes
from tests.end_to_end.conftest import running_platform
from tests.end_to_end.platform_bench import Platform
from tests.services.task_instances import task_instances

from beamloop.simulate import write_collection
from beamloop.simulate.plan import CollectionPlan
from beamloop.simulate.presets import PRESETS, make_sweeps

IMAGES = 12  # of each wedge, as the demo's
MEMORY_EVERY_S = 3.0
WORDS = ("process", "--wait", "--json", "--space-group", SPACE_GROUP, "--unit-cell", CELL)


def plan_wedges(count: int) -> CollectionPlan:
    """Plan so many wedges of the demo's kinds, the twelve again and again."""
    plan = PRESETS["teha12"](1)
    kinds = islice(cycle(sweep.kind for sweep in plan.sweeps), count)
    return replace(plan, sweeps=make_sweeps(tuple(kinds), IMAGES))


def compare(count: int, folder: Path) -> Figures:
    """Process the same wedges in both ways, one after the other; some also with Beamloop's commands, plainly.

    Parameters
    ----------
    count
        How many wedges.
    folder
        Scratch.
    """
    plan = plan_wedges(count)
    images = folder / "images"
    write_collection(plan, images)
    with running_platform() as platform:
        settle(platform)
        through = through_airflow(platform, images)
        again = compare_same_commands(platform, images, through["cells"], folder / "again")
        plain = plainly(Path(platform.variables["BEAMLOOP_DIALS_BIN"]), images, plan, folder / "plain")
    cells = {"plain": plain.pop("cells"), "beamloop": through.pop("cells")}
    return {
        "wedges": count,
        "plain": plain,
        "beamloop": through,
        "wall_ratio": through["wall_s"] / plain["wall_s"],
        "cpu_ratio": through["cpu_s"] / plain["cpu_s"],
        "cells": _compare_cells(cells["plain"], cells["beamloop"]),
        "same_commands": again,
    }


def plainly(dials_bin: Path, images: Path, plan: CollectionPlan, folder: Path) -> Figures:
    """Run the plain script."""
    began_s = time.monotonic()
    done = run_plainly(dials_bin, images, [sweep.name for sweep in plan.sweeps], folder)
    wall_s = time.monotonic() - began_s
    by_step = _sum_by_step(done)
    return {
        "wall_s": wall_s,
        "cpu_s": sum(by_step.values()),
        "cpu_s_by_step": by_step,
        "largest_program_bytes": max(wedge.peak_memory_bytes for wedge in done),
        "with_result": sum(bool(wedge.cell) for wedge in done),
        "cells": {wedge.wedge: wedge.cell for wedge in done if wedge.cell},
    }


def _sum_by_step(done: list[PlainWedge]) -> dict[str, float]:
    by_step: dict[str, float] = {}
    for wedge in done:
        for step, cpu_s in wedge.cpu_s.items():
            by_step[step] = by_step.get(step, 0.0) + cpu_s
    return by_step


def through_airflow(platform: Platform, images: Path) -> Figures:
    """Run `beamloop process --wait`; the CPU of the stack and the command counts, as long as that runs."""
    before = stack_cpu_s(platform.state) | {"command": _ended_children_cpu_s()}
    with _memory_watched(platform.state) as peak:
        began_s = time.monotonic()
        answer = platform.commands.call(WORDS[0], str(images), *WORDS[1:])
        wall_s = time.monotonic() - began_s
    assert answer.returncode == 0, answer.stderr
    after = stack_cpu_s(platform.state) | {"command": _ended_children_cpu_s()}
    used = {name: cpu_s - before.get(name, 0.0) for name, cpu_s in after.items()}
    programs = platform.ask(
        "SELECT step, sum(cpu_s) AS cpu_s, sum(wall_s) AS wall_s FROM beamloop.program_starts GROUP BY step"
    )
    dials_cpu_s = sum(row["cpu_s"] for row in programs)
    with platform.airflow() as airflow:
        found = [task_instances(airflow, "process_collection", run) for run in platform.requests(images)]
    tasks = sum(map(len, found))
    return {
        "wall_s": wall_s,
        "cpu_s": sum(used.values()),
        "cpu_s_by_step": {row["step"]: row["cpu_s"] for row in programs},
        "cpu_s_by_part_of_the_stack": used,
        "tasks": tasks,
        "platform_cpu_s_per_task": (sum(used.values()) - dials_cpu_s) / tasks,
        "peak_memory_bytes": peak[0],
        "with_result": sum(code == "processed" for code, _, _ in platform.outcomes(images).values()),
        "cells": _cells(platform),
    }


def _ended_children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cells(platform: Platform) -> dict[str, tuple[float, ...]]:
    """Return the cell of each wedge's first crystal after refinement; integration leaves it as it is."""
    found = platform.ask(
        "SELECT s.name, c.cell FROM beamloop.crystals c JOIN beamloop.runs r USING (run_id)"
        " JOIN beamloop.sweeps s USING (sweep_id) JOIN beamloop.outcomes o USING (run_id)"
        " WHERE c.step = 'refine' AND c.crystal_number = 1 AND o.code = 'processed' ORDER BY r.run_id"
    )
    return {row["name"]: tuple(row["cell"]) for row in found}


def _compare_cells(
    plain: dict[str, tuple[float, ...]], through: dict[str, tuple[float, ...]]
) -> dict[str, object]:
    """Compare the axes of the wedges that both ways brought through.

    Beamloop indexes with the known cell and fft1d, the plain script without: where both find one lattice,
    their refinements end in the same place but for the spots that each leaves out.
    """
    both = sorted(plain.keys() & through.keys())
    differ = [
        max(abs(a - b) / a for a, b in zip(plain[name][:3], through[name][:3], strict=True)) for name in both
    ]
    return {
        "in_both": len(both),
        "only_plain": sorted(plain.keys() - through.keys()),
        "only_beamloop": sorted(through.keys() - plain.keys()),
        "largest_relative_difference": max(differ, default=0.0),
        "median_relative_difference": median(differ) if differ else 0.0,
    }


@contextmanager
def _memory_watched(state: Path) -> Iterator[list[int]]:
    """Look at the stack's memory now and then; the list holds the most that was seen."""
    peak, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(MEMORY_EVERY_S):
            peak[0] = max(peak[0], stack_memory_bytes(state))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
