"""Beamloop's own commands as plain programs: what the server and the rest of Beamloop must not change.

Each wedge is done again by the script of `beamloop reproduce`, which has the argument lists that the
catalogue has of its run.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figures import Figures
from tests.benchmarks.plain_script import AT_ONCE
from tests.end_to_end.platform_bench import Platform

from beamloop.catalog.connection import Catalog
from beamloop.dials_cli.experiments import read_experiments
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RunId
from beamloop.sweep.reproduce import reproduction_script

# The same twelve kinds of wedges come again and again.
WEDGES = 12
# What issue 6 asks for.
LARGEST_DIFFERENCE = 1e-6

Cells = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A wedge that was done again."""

    wedge: str  # "xtal2_1"
    cell: tuple[float, ...]  # of the first crystal after refinement, in angstrom and degrees
    cpu_s: float


def compare_same_commands(platform: Platform, images: Path, cells: Cells, folder: Path) -> Figures:
    """Do wedges again with the commands of their runs, and compare their cells.

    Parameters
    ----------
    platform
        The stack that has processed them.
    images
        Their folder.
    cells
        Beamloop's cells by wedge, as the catalogue has them, in angstrom and degrees.
    folder
        Where each wedge gets a folder to work in.
    """
    runs = platform.run_ids(images)
    chosen = sorted(cells)[:WEDGES]
    scripts = {wedge: _script(platform, RunId(runs[wedge])) for wedge in chosen}
    began_s = time.monotonic()
    done = _repeat(platform, {wedge: script for wedge, script in scripts.items() if script}, folder)
    differ = {one.wedge: _difference(cells[one.wedge], one.cell) for one in done}
    return {
        "wedges": len(done),
        "wall_s": time.monotonic() - began_s,
        "cpu_s": sum(one.cpu_s for one in done),
        "not_plain_commands_alone": [wedge for wedge, script in scripts.items() if not script],
        "largest_relative_difference": max(differ.values(), default=0.0),
        "differ_by_more_than_1e-6": sorted(
            wedge for wedge, difference in differ.items() if difference > LARGEST_DIFFERENCE
        ),
    }


def _script(platform: Platform, run_id: RunId) -> str:
    """Return the script of a run; "" where one of its files is made by Beamloop, not by a command."""
    with Catalog(platform.variables["BEAMLOOP_CATALOG_DSN"]) as catalog:
        try:
            return reproduction_script(catalog, platform.store, run_id)
        except InvalidInputError:
            return ""


def _repeat(platform: Platform, scripts: Mapping[str, str], folder: Path) -> Sequence[Repeated]:
    path = os.pathsep.join([platform.variables["BEAMLOOP_DIALS_BIN"], "/usr/bin", "/bin"])

    def one(wedge: str) -> Repeated:
        (folder / wedge).mkdir(parents=True)
        script = folder / f"{wedge}.sh"
        script.write_text(scripts[wedge], encoding="utf-8")
        with open(folder / f"{wedge}.out", "wb") as said:
            process = subprocess.Popen(
                ["/bin/sh", str(script)],
                cwd=folder / wedge,
                stdout=said,
                stderr=said,
                env={"PATH": path, "HOME": str(folder)},
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, (folder / f"{wedge}.out").read_text()
        crystal = read_experiments(folder / wedge / "refine" / "refined.expt").experiments[0].crystal
        assert crystal is not None
        return Repeated(wedge, crystal.cell.as_tuple(), used.ru_utime + used.ru_stime)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, scripts))


def _difference(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(a - b) / abs(a) for a, b in zip(one, other, strict=True))
