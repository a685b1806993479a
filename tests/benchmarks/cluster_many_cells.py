"""What many cells cost: `nice -n 15 .venv/bin/python -m tests.benchmarks.cluster_many_cells [COUNT...]`.

Tetragonal crystals of two forms whose lengths vary by 0.3 %. Each count in a process of its own, so that its
peak memory is its own. Wall s are of this machine as busy as it is.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FORMS = ((78.0, 37.0), (80.0, 38.0))  # a = b and c, angstrom
COUNTS = (100, 1000, 10_000)


def crystals(count: int) -> NDArray[np.float64]:
    """Return cells of both forms, shape (count, 6), angstrom and degrees."""
    random = np.random.default_rng(1)
    lengths = np.array([FORMS[number % len(FORMS)] for number in range(count)])
    lengths *= 1 + 0.003 * random.standard_normal((count, 2))
    return np.column_stack([lengths[:, 0], lengths, np.full((count, 3), 90.0)])


def measure(count: int) -> None:
    """Print what a common setting, a tree, and outliers with groups cost for so many cells."""
    from beamloop.unit_cells.groups import suggest_groups
    from beamloop.unit_cells.outliers import find_outliers
    from beamloop.unit_cells.setting import to_common_setting
    from beamloop.unit_cells.tree import cluster_cells

    cells = crystals(count)
    marks = [time.perf_counter()]
    cpu_s = time.process_time()
    common = to_common_setting(cells, ["P 43 21 2"] * count)
    marks.append(time.perf_counter())
    tree = cluster_cells(common.cells)
    marks.append(time.perf_counter())
    found = (len(suggest_groups(tree, common.cells)), len(find_outliers(common.cells)))
    marks.append(time.perf_counter())
    setting_s, tree_s, rest_s = np.diff(marks)
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    sys.stdout.write(
        f"{count:6d} cells: wall setting {setting_s:.2f} s, tree {tree_s:.2f} s, rest {rest_s:.2f} s; all "
        f"{time.process_time() - cpu_s:.2f} CPU s, peak {memory_gb:.2f} GB; "
        f"{found[0]} groups, {found[1]} outliers\n"
    )
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Measure each count."""
    for count in [int(text) for text in arguments] or COUNTS:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(count,))
        process.start()
        process.join()


if __name__ == "__main__":
    main(sys.argv[1:])
