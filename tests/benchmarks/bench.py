"""`make bench`: what Beamloop costs, beside the plain script in the same run.

`.venv/bin/python -m tests.benchmarks.bench [--wedges N] [--parts wedges,tasks] [--json FILE]`
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_tasks, bench_wedges
from tests.benchmarks.stack_cpu import shares_of_a_core
from tests.end_to_end.conftest import running_platform

IDLE_S = 200.0

Figures = dict[str, Any]


def wedges(count: int, folder: Path) -> Figures:
    """The plain script and Beamloop on the same wedges."""
    return bench_wedges.compare(count, folder)


def tasks(count: int, _: Path) -> Figures:
    """Airflow's cost of a task, with empty steps, by either executor."""
    return bench_tasks.compare(count)


def idle(_: int, __: Path) -> Figures:
    """The CPU of a stack that has nothing to do."""
    with running_platform() as stack:
        return {"percent_of_one_core": shares_of_a_core(stack.state, IDLE_S)}


def clustering(_: int, __: Path) -> Figures:
    """The tree, groups and outliers of 100, 1000 and 10 000 cells."""
    return _printed("tests.benchmarks.cluster_many_cells")


def watching(_: int, __: Path) -> Figures:
    """Looks at 10 000 sweeps in 500 folders."""
    return _printed("tests.benchmarks.watch_many_sweeps")


PARTS: Mapping[str, Callable[[int, Path], Figures]] = {
    "wedges": wedges,
    "tasks": tasks,
    "idle": idle,
    "clustering": clustering,
    "watching": watching,
}


def _printed(module: str) -> Figures:
    """Run a benchmark that prints its own table."""
    answer = subprocess.run([sys.executable, "-m", module], capture_output=True, text=True, check=True)
    return {"lines": answer.stdout.splitlines()}


def lines_of(figures: Figures, indent: str = "  ") -> list[str]:
    """Return figures as an indented table."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *lines_of(value, indent + "  ")]
        elif isinstance(value, list) and name == "lines":
            lines += [f"{indent}{line}" for line in value]
        else:
            shown = f"{value:.4g}" if isinstance(value, float) else f"{value}"
            lines.append(f"{indent}{name:<{max(1, 44 - len(indent))}} {shown}")
    return lines


def main(arguments: list[str]) -> None:
    """Measure the parts asked for; print a table, and write everything as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wedges", type=int, default=12)
    parser.add_argument("--parts", default="wedges,tasks,idle,clustering,watching")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args(arguments)
    chosen = [name for name in asked.parts.split(",") if name]
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    results: Figures = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "load": os.getloadavg()[0]},
    }
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="beamloop-bench-", ignore_cleanup_errors=True) as folder:
            results[name] = PARTS[name](asked.wedges, Path(folder))
        sys.stdout.write("\n".join([name, *lines_of(results[name])]) + "\n\n")
        sys.stdout.flush()
        asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
