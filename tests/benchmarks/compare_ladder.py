"""The ladder against the plain sequence of commands on hard wedges, side by side; not part of the tests.

.venv/bin/python -m tests.benchmarks.compare_ladder [--sweeps 8] [--photons 5] [--cell]

Wedges of 4 to 10 degrees from the preset `hard` (detector and beam centre off), made weaker; every fourth
has a second crystal in the beam, every eighth is blank. The plain sequence is the multi-crystal tutorial's:
search without symmetry, then H 3, all by DIALS's defaults, the rest as in the profile `cells`.
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tests.services.postgres_server import TEMPLATE, running_postgres
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.beamlines.profiles import make_parameters
from beamloop.dials_cli import programs
from beamloop.dials_cli.handle import Dials
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.run import RungFact
from beamloop.simulate import write_collection
from beamloop.simulate.plan import CollectionPlan, SweepKind, SweepPlan
from beamloop.simulate.presets import PRESETS
from beamloop.sweep.report_file import read_report

CELL = "98.3,98.3,136.6,90,90,120"
IMAGES = (8, 12, 16, 20)  # of 0.5 degrees


def hard_plan(sweeps: int, photons: float) -> CollectionPlan:
    """Return wedges of the preset `hard`, weaker and shorter."""
    plan = PRESETS["hard"](1)
    return replace(
        plan,
        sweeps=tuple(_sweep(number) for number in range(1, sweeps + 1)),
        crystal=replace(plan.crystal, photons=photons, size_spread_fraction=0.5),
    )


def _sweep(number: int) -> SweepPlan:
    return SweepPlan(
        f"xtal{number}_1",
        SweepKind.BLANK if number % 8 == 0 else SweepKind.GOOD,
        IMAGES[number % len(IMAGES)],
        second_crystal_fraction=0.6 if number % 4 == 3 else 0.0,
    )


def process_plainly(dials: Dials, folder: Path, template: Path) -> Iterator[ProgramResult]:
    """Start the plain sequence's programs one by one; the caller stops at a failure."""
    options = make_parameters("cells", limits=ProgramLimits()).options
    expt, refl = Path("indexed.expt"), Path("indexed.refl")
    yield programs.import_images(dials, folder, template)
    yield programs.find_spots(dials, folder, Path("imported.expt"))
    yield programs.index(dials, folder, Path("imported.expt"), Path("strong.refl"), output_stem="p1")
    yield programs.index(dials, folder, Path("p1.expt"), Path("strong.refl"), space_group="H 3")
    yield programs.refine(dials, folder, expt, refl, options=options["refine"])
    yield programs.integrate(
        dials, folder, Path("refined.expt"), Path("refined.refl"), options=options["integrate"]
    )
    yield programs.export(
        dials, folder, Path("integrated.expt"), Path("integrated.refl"), options=options["export"]
    )


def run_plainly(dials: Dials, folder: Path, template: Path) -> tuple[str, float]:
    """Return how the plain sequence ends, and its CPU time in seconds."""
    folder.mkdir(parents=True)
    cpu_s = 0.0
    for result in process_plainly(dials, folder, template):
        cpu_s += result.cpu_s
        if not result.succeeded:
            return f"stopped at {result.argv[0]}", cpu_s
    return "processed", cpu_s


def run_ladder(bench: SweepBench, sweep: str) -> tuple[str, float, tuple[RungFact, ...]]:
    """Return how the sweep stage ends, its CPU time in seconds, and its rungs."""
    outcome = bench.do(sweep)
    result = bench.result(sweep)
    index = bench.run_directory(sweep) / "index"
    rungs = read_report(index).rungs if index.exists() else ()
    return outcome.code if outcome else "", result.cpu_s or 0.0, rungs


def compare(folder: Path, dsn: str, plan: CollectionPlan, cell: str | None, console: Console) -> None:
    """Process every wedge both ways; print a line each, then shares and the cost of each rung."""
    images = folder / "images"
    write_collection(plan, images)
    bench = open_bench(folder, dsn, images, space_group="H 3", unit_cell=cell)
    rungs: dict[str, list[RungFact]] = defaultdict(list)
    reached = {"plain": 0, "ladder": 0}
    real = [sweep for sweep in plan.sweeps if sweep.kind is not SweepKind.BLANK]
    for sweep in plan.sweeps:
        template = images / f"{sweep.name}_#####.cbf"
        plain, plain_cpu_s = run_plainly(bench.services.dials, folder / "plain" / sweep.name, template)
        ladder, ladder_cpu_s, tried = run_ladder(bench, sweep.name)
        for rung in tried:
            rungs[rung.method].append(rung)
        reached["plain"] += plain == "processed" and sweep in real
        reached["ladder"] += ladder == OutcomeCode.PROCESSED and sweep in real
        spots = bench.result(sweep.name).spot_count
        console.print(
            f"{sweep.name} {sweep.kind} {sweep.images} images {spots} spots | plain: {plain}, "
            f"{plain_cpu_s:.1f} CPU s | ladder: {ladder}, {len(tried)} rungs, {ladder_cpu_s:.1f} CPU s"
        )
    for way, count in reached.items():
        console.print(f"{way}: {count} of {len(real)} wedges with a crystal reach MTZ")
    for method, facts in rungs.items():
        accepted = sum(fact.accepted for fact in facts)
        mean_cpu_s = sum(fact.cpu_s for fact in facts) / len(facts)
        console.print(f"{method}: {accepted} of {len(facts)} accepted, {mean_cpu_s:.1f} CPU s each")
    bench.services.catalog.close()


def main() -> None:
    """Simulate, process both ways, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=8)
    parser.add_argument("--photons", type=float, default=5.0)
    parser.add_argument("--cell", action="store_true", help="let the ladder know the cell")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beamloop-ladder-") as text:
        folder = Path(text)
        os.chmod(folder, 0o755)  # noqa: S103 # the database runs as another user
        with running_postgres(folder / "state") as server:
            server.execute(f"CREATE DATABASE ladder TEMPLATE {TEMPLATE}")
            plan = hard_plan(asked.sweeps, asked.photons)
            cell = CELL if asked.cell else None
            compare(folder, server.dsn("ladder"), plan, cell, Console(soft_wrap=True))


if __name__ == "__main__":
    main()
