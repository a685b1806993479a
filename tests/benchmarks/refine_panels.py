"""The stock refinement engine against products of blocks, panel by panel; not part of the tests.

nice -n 15 .venv/bin/python -m tests.benchmarks.refine_panels FOLDER [--case sixty] [--steps 3] [--plain]

`sixty` is a Pilatus 6M with 60 panels and 366 parameters, simulated at the level of reflections: DIALS
predicts a sweep on panels that are off by 30 um rms, and the centroids get noise. `p12m` is real, from
shared/data beside the project; outliers are rejected once for both engines. With `--plain` each refinement is
a program of its own, with its start of 1.2 CPU s; else the DIALS server forks it, as Beamloop does. FOLDER
must be new.

The stock engine takes minutes a step for 60 panels: `--steps` ends both after so many.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.services.panel_refinement import (
    LEVEL_0,
    LEVEL_1,
    P12M_LEVEL_1,
    SIXTY_PANELS,
    Pair,
    Refined,
    read_p12m,
    refine,
    simulate_panels,
)
from tests.services.served_dials import served_dials

from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.settings import DialsSettings, RefinementEngine

ENGINES = (RefinementEngine.BLOCKED, RefinementEngine.STOCK)


def prepare(case: str, dials: Dials, folder: Path) -> tuple[Pair, tuple[str, ...]]:
    """Return what level 1 starts from, and its options."""
    if case == "p12m":
        return read_p12m(dials, folder)[0], (*P12M_LEVEL_1, "outlier.algorithm=null")
    pair = simulate_panels(dials, folder, SIXTY_PANELS)
    whole = refine(dials, folder / "level_0", RefinementEngine.BLOCKED, pair, LEVEL_0)
    return whole.pair, LEVEL_1


def rows(found: dict[RefinementEngine, Refined]) -> Iterator[tuple[str, ...]]:
    """Yield what is told of each engine."""
    for engine, refined in found.items():
        x_mm, y_mm, _ = refined.rmsds[-1]
        yield (
            engine.value,
            str(len(refined.parameters[0])),
            str(len(refined.parameters) - 1),
            f"{x_mm:.6f} {y_mm:.6f}",
            f"{refined.cpu_s:.1f}",
            f"{refined.peak_memory_bytes / 1024**2:.0f}",
        )


def main() -> None:
    """Refine with both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--case", choices=("sixty", "p12m"), default="sixty")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--plain", action="store_true")
    asked = parser.parse_args()
    folder: Path = asked.folder.resolve()
    folder.mkdir(parents=True)
    console = Console(soft_wrap=True)
    dials = open_dials(DialsSettings()) if asked.plain else served_dials()
    pair, options = prepare(asked.case, dials, folder)
    if asked.steps:
        options = (*options, f"refinery.max_iterations={asked.steps}")
    found = {}
    for engine in ENGINES:
        found[engine] = refine(dials, folder / engine.value, engine, pair, options)
        console.print(f"{engine.value}: {found[engine].cpu_s:.1f} CPU s")
    table = Table("engine", "parameters", "steps", "RMSD x, y (mm)", "CPU s", "peak memory (MB)")
    for row in rows(found):
        table.add_row(*row)
    console.print(table)
    blocked, stock = (found[engine] for engine in ENGINES)
    console.print(
        f"{read_reflections(pair[1]).row_count} reflections were given to both; the blocked engine takes "
        f"{blocked.cpu_s / stock.cpu_s:.1%} of the stock engine's CPU s."
    )


if __name__ == "__main__":
    main()
