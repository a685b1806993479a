"""`make bench`: what Beamloop costs, beside the plain script in the same run.

`.venv/bin/python -m tests.benchmarks.bench [--wedges N] [--parts wedges,tasks] [--json FILE]`
"""

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import (
    bench_artifacts,
    bench_engine,
    bench_growth,
    bench_latency,
    bench_tasks,
    bench_uploads,
    bench_wedges,
)
from tests.benchmarks.figures import Figures, lines_of
from tests.benchmarks.machine_cost import machine_cost
from tests.benchmarks.settled_stack import settle
from tests.benchmarks.stack_cpu import shares_of_a_core
from tests.end_to_end.conftest import running_platform

IDLE_S = 200.0


def wedges(count: int, folder: Path) -> Figures:
    """The plain script and Beamloop on the same wedges."""
    return bench_wedges.compare(count, folder)


def tasks(count: int, _: Path) -> Figures:
    """Airflow's cost of a task, with empty steps, by either executor."""
    return bench_tasks.compare(count)


def idle(_: int, __: Path) -> Figures:
    """The CPU of a stack that has nothing to do."""
    with running_platform() as stack:
        settle(stack)
        return {"percent_of_one_core": shares_of_a_core(stack.state, IDLE_S)}


def clustering(_: int, __: Path) -> Figures:
    """The tree, groups and outliers of 100, 1000 and 10 000 cells."""
    return _printed("tests.benchmarks.cluster_many_cells")


def watching(_: int, __: Path) -> Figures:
    """Looks at 10 000 sweeps in 500 folders."""
    return _printed("tests.benchmarks.watch_many_sweeps")


def latency(_: int, folder: Path) -> Figures:
    """From the last image of a watched sweep to its first task and its result."""
    return bench_latency.measure(folder)


def engine(_: int, folder: Path) -> Figures:
    """Metrology refinement of P12M by Beamloop's engine and the stock one."""
    return bench_engine.measure(folder)


def artifacts(_: int, folder: Path) -> Figures:
    """Files into the store and back, beside bare copies and the bare client."""
    return bench_artifacts.measure(folder)


def uploads(_: int, folder: Path) -> Figures:
    """The share of a step's time in which it uploads its files, into either store."""
    return bench_uploads.measure(folder)


def catalogue(_: int, folder: Path) -> Figures:
    """The catalogue's queries over 100 000 sweeps."""
    # In a process of its own: Airflow's app takes its settings from the environment, at the first import.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(_catalogue, folder).result()


def _catalogue(folder: Path) -> Figures:
    from tests.benchmarks import bench_catalogue

    return bench_catalogue.measure(folder)


def growth(count: int, folder: Path) -> Figures:
    """CPU for each wedge, of twelve and of so many."""
    return bench_growth.compare(count, folder)


PARTS: Mapping[str, Callable[[int, Path], Figures]] = {
    "wedges": wedges,
    "tasks": tasks,
    "idle": idle,
    "clustering": clustering,
    "watching": watching,
    "latency": latency,
    "engine": engine,
    "artifacts": artifacts,
    "uploads": uploads,
    "catalogue": catalogue,
    "growth": growth,
}
# It compares with twelve wedges, so it wants many: `make bench N=300 PARTS=growth`.
BY_DEFAULT = ",".join(name for name in PARTS if name != "growth")


def _printed(module: str) -> Figures:
    """Run a benchmark that prints its own table."""
    answer = subprocess.run([sys.executable, "-m", module], capture_output=True, text=True, check=True)
    return {"lines": answer.stdout.splitlines()}


def _show(name: str, figures: Figures) -> None:
    sys.stdout.write("\n".join([name, *lines_of(figures)]) + "\n\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Measure the parts asked for; print a table, and write everything as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wedges", type=int, default=12)
    parser.add_argument("--parts", default=BY_DEFAULT)
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args(arguments)
    chosen = [name for name in asked.parts.split(",") if name]
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    results: Figures = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "load": os.getloadavg()[0],
            **machine_cost(),
        },
    }
    _show("machine", results["machine"])
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="beamloop-bench-", ignore_cleanup_errors=True) as folder:
            results[name] = PARTS[name](asked.wedges, Path(folder))
        _show(name, results[name])
        asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
