"""The ladder against the plain sequence of commands on the hard plate, side by side; not part of the tests.

nice -n 15 .venv/bin/python -m tests.benchmarks.compare_ladder FOLDER [--wedges 73] [--seed 1] [--way plain]

The plain sequence is the multi-crystal tutorial's: search without symmetry by DIALS's default method, then
H 3, the rest as in the profile `cells`. Beamloop is told space group and cell as a person knows them: of a
frozen crystal of the same form, whose axes are 1 % shorter (cooling shrinks unit cells by 2-7 % in volume:
D. H. Juers, B. W. Matthews, J. Mol. Biol. 311 (2001) 851-862). `first rung` counts the wedges that come
through without a second try of anything. `second` gives those that the ladder lost their second chance, with
the consensus of all that it found; it comes when the ladder is through. A wedge counts when it reaches MTZ
with a cell within 3 % of the true one; a blank, when it reaches MTZ at all.

DIALS runs by the server, as on a beamline: CPU times are without the programs' imports.

FOLDER keeps the images, and a row for each wedge and way in rows.jsonl: a run that was cut goes on there.
"""

import argparse
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from tests.benchmarks.process_wedge import (
    Row,
    Tried,
    as_sibling,
    process_plainly,
    process_with_ladder,
)
from tests.services.served_dials import served_dials

from beamloop.dials_cli.handle import Dials
from beamloop.records.images import SweepImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.rung_record import RungRecord
from beamloop.simulate import Truth, read_truth, write_collection
from beamloop.simulate.plan import SweepKind, SweepPlan, sweep_images
from beamloop.simulate.presets import PRESETS
from beamloop.simulate.truth import SweepTruth
from beamloop.sweep.consensus import find_consensus, wants_second_chance

WAYS = ("plain", "ladder", "second")
ROW = TypeAdapter(Row)
# Crystals of one form differ by 3 % at most.
CELL_TOLERANCE = 0.03


def write_images(folder: Path, seed: int, wedges: int) -> tuple[SweepPlan, ...]:
    """Write the plate's images, whole or not at all; they may be there already."""
    plan = PRESETS["hard"](seed)
    sweeps = plan.sweeps[:wedges]
    if not (folder / "images").exists():
        unfinished = folder / "images.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_collection(replace(plan, sweeps=sweeps), unfinished)
        unfinished.rename(folder / "images")
    return sweeps


def read_rows(path: Path) -> list[Row]:
    """Return what was measured before."""
    return [ROW.validate_json(line) for line in path.read_text().splitlines()] if path.exists() else []


def process(folder: Path, sweeps: Sequence[SweepPlan], ways: Sequence[str], console: Console) -> list[Row]:
    """Process what has no row yet, one wedge after the other."""
    dials = served_dials()
    rows = read_rows(folder / "rows.jsonl")
    todo = [(sweep, way) for sweep in sweeps for way in ways if way != "second"]
    for sweep, way in todo + [(sweep, way) for way in ways if way == "second" for sweep in sweeps]:
        if any(row.wedge == sweep.name and row.way == way for row in rows):
            continue
        row = _process_wedge(dials, folder, way, sweep, rows)
        if row is None:
            continue
        with (folder / "rows.jsonl").open("ab") as file:
            file.write(ROW.dump_json(row) + b"\n")
        rows.append(row)
        console.print(f"{way} {row.wedge}: {row.ended}, {len(row.rungs)} rungs, {row.cpu_s:.1f} CPU s")
    return rows


def _process_wedge(dials: Dials, folder: Path, way: str, sweep: SweepPlan, rows: Sequence[Row]) -> Row | None:
    """Process one wedge; None where it gets no second chance."""
    images: SweepImages = replace(sweep_images(sweep), directory=folder / "images")
    place = folder / way / sweep.name
    shutil.rmtree(place, ignore_errors=True)
    if way == "plain":
        return process_plainly(dials, place, images)
    if way == "ladder":
        return process_with_ladder(dials, place, images, _records(rows))
    siblings = {
        row.wedge: as_sibling(folder / "ladder" / row.wedge, row) for row in rows if row.way == "ladder"
    }
    consensus = find_consensus(list(siblings.values()))
    own = siblings.get(sweep.name)
    if own is None or consensus is None or not wants_second_chance(own, consensus):
        return None
    return process_with_ladder(dials, place, images, _records(rows), consensus)


def _by_method(rows: Iterable[Row]) -> dict[str, list[Tried]]:
    by_method: dict[str, list[Tried]] = defaultdict(list)
    for row in rows:
        for rung in row.rungs:
            by_method[rung.method].append(rung)
    return by_method


def _records(rows: Iterable[Row]) -> list[RungRecord]:
    """Sum up the rungs of the wedges so far, as the catalogue does for a beamline."""
    return [
        RungRecord(method, len(tries), sum(t.accepted for t in tries), sum(t.cpu_s for t in tries))
        for method, tries in _by_method(rows).items()
    ]


def _is_right(row: Row, truth: SweepTruth) -> bool:
    if row.ended != OutcomeCode.PROCESSED or truth.crystal is None:
        return False
    true_lengths = truth.crystal.unit_cell.as_tuple()[:3]
    pairs = zip(row.cell[:3], true_lengths, strict=True)
    return all(abs(found - true) <= CELL_TOLERANCE * true for found, true in pairs)


def show_shares(rows: Sequence[Row], truth: Truth, console: Console) -> None:
    """Print how many of the wedges came through in each way."""
    table = Table("", "plain sequence", "first rung", "ladder", "and second chance")
    ladder = [row for row in rows if row.way == "ladder"]
    columns = [
        [row for row in rows if row.way == "plain"],
        [row for row in ladder if row.by_first_rung],
        ladder,
        ladder + [row for row in rows if row.way == "second"],
    ]
    names = {sweep.name for sweep in truth.sweeps}
    columns = [[row for row in column if row.wedge in names] for column in columns]
    crystals = sum(sweep.kind is not SweepKind.BLANK for sweep in truth.sweeps)

    def counted(kept: Sequence[int]) -> list[str]:
        return [f"{count} ({count / max(crystals, 1):.0%})" for count in kept]

    right = [sum(_is_right(row, truth.sweep(row.wedge)) for row in column) for column in columns]
    ended = [[row for row in column if row.ended == OutcomeCode.PROCESSED] for column in columns]
    blanks = [sum(truth.sweep(row.wedge).crystal is None for row in column) for column in ended]
    wrong = [len(e) - r - b for e, r, b in zip(ended, right, blanks, strict=True)]
    table.add_row(f"MTZ with the right cell, of {crystals} wedges", *counted(right))
    table.add_row("MTZ with a wrong cell", *map(str, wrong))
    table.add_row(f"MTZ of one of {len(truth.sweeps) - crystals} blanks", *map(str, blanks))
    table.add_row("CPU s", f"{_cpu_s(columns[0]):.0f}", "", *(f"{_cpu_s(c):.0f}" for c in columns[2:]))
    console.print(table)


def _measured(truth: Truth, rows: Sequence[Row]) -> Truth:
    """Leave out the wedges that are still to be done in one of the ways."""
    done = {row.wedge for row in rows if row.way == "plain"} & {r.wedge for r in rows if r.way == "ladder"}
    return replace(truth, sweeps=tuple(sweep for sweep in truth.sweeps if sweep.name in done))


def _cpu_s(rows: Iterable[Row]) -> float:
    return sum(row.cpu_s for row in rows)


def show_rungs(rows: Sequence[Row], console: Console) -> None:
    """Print what each rung did and cost."""
    table = Table("rung", "tried", "accepted", "CPU s each")
    for method, tries in _by_method(rows).items():
        accepted = sum(rung.accepted for rung in tries)
        each_s = sum(rung.cpu_s for rung in tries) / len(tries)
        table.add_row(method, str(len(tries)), str(accepted), f"{each_s:.1f}")
    console.print(table)


def main() -> None:
    """Simulate, process, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wedges", type=int, default=73)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--way", choices=WAYS, help="only this one")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sweeps = write_images(folder, asked.seed, asked.wedges)
    rows = process(folder, sweeps, [asked.way] if asked.way else WAYS, console)
    show_shares(rows, _measured(read_truth(folder / "images"), rows), console)
    show_rungs(rows, console)


if __name__ == "__main__":
    main()
