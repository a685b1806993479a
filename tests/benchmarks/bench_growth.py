"""CPU for each wedge, of few wedges and of many: `python -m tests.benchmarks.bench_growth [MANY [FEW]]`.

Without the plain script; each number in a stack of its own. With 300 wedges it takes most of an hour.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.bench_wedges import plan_wedges, through_airflow
from tests.benchmarks.figures import Figures, lines_of
from tests.benchmarks.settled_stack import settle
from tests.end_to_end.conftest import running_platform

from beamloop.simulate import write_collection

FEW, MANY = 12, 300


def compare(many: int, folder: Path, few: int = FEW) -> Figures:
    """Process few wedges and many.

    Parameters
    ----------
    many, few
        How many; multiples of 12 have the same kinds of wedges in the same shares.
    folder
        Scratch: a wedge has 12 MB.
    """
    if many <= few:
        raise ValueError(f"{many} wedges are not more than {few}: say N=300")
    found = {count: measure(count, folder / f"{count}_wedges") for count in (few, many)}
    of_few, of_many = (found[count]["cpu_s_per_wedge"] for count in (few, many))
    return {**{str(count): figures for count, figures in found.items()}, "cpu_ratio": of_many / of_few}


def measure(count: int, images: Path) -> Figures:
    """Process so many wedges in a stack that has settled."""
    write_collection(plan_wedges(count), images)
    with running_platform() as platform:
        settle(platform)
        through = through_airflow(platform, images)
    through.pop("cells")
    by_step_s = sum(through["cpu_s_by_step"].values())
    return {
        "cpu_s_per_wedge": through["cpu_s"] / count,
        "of_it_dials_s": by_step_s / count,
        "of_it_the_platform_s": (through["cpu_s"] - by_step_s) / count,
        "wall_s_per_wedge": through["wall_s"] / count,
        **through,
    }


def main(arguments: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("many", type=int, nargs="?", default=MANY)
    parser.add_argument("few", type=int, nargs="?", default=FEW)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        figures = compare(asked.many, Path(folder), asked.few)
    sys.stdout.write("\n".join(lines_of(figures)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
