"""What a geometry buys: a collection imported with the headers' geometry and with a refined one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.results import SweepResult
from beamloop.cli.follow import Results
from beamloop.simulate import Truth

LENGTHS = 3  # of a cell: a, b, c


@dataclass(frozen=True, slots=True)
class LoopFigures:
    """How well a collection came out. Cells are compared axis by axis, a, b and c."""

    sweep_count: int  # 6
    indexed_sweep_count: int  # 6
    indexed_share: float  # 0.97 of the strong spots of the sweeps that were indexed
    rmsd_x_mm: float  # 0.019, median of the sweeps
    rmsd_y_mm: float  # 0.019
    cell_error_percent: float  # 0.012, root mean square of the axes' errors against the truth
    cell_spread_percent: float  # 0.004, standard deviation of those errors, root mean square of the axes


def loop_figures(results: Results, truth: Truth) -> LoopFigures | None:
    """Sum up a collection; None where fewer than two sweeps have a cell.

    Parameters
    ----------
    results
        Of a collection of good wedges.
    truth
        Of that collection.
    """
    found = [result for result in results if result.cell and result.rmsd_x_mm and result.rmsd_y_mm]
    if len(found) < 2:
        return None
    errors = np.array([_errors_percent(result, truth) for result in found])
    return LoopFigures(
        sweep_count=len(results),
        indexed_sweep_count=len(found),
        indexed_share=fmean((one.indexed_count or 0) / (one.spot_count or 1) for one in found),
        rmsd_x_mm=median(one.rmsd_x_mm or 0.0 for one in found),
        rmsd_y_mm=median(one.rmsd_y_mm or 0.0 for one in found),
        cell_error_percent=float(np.sqrt(np.mean(errors**2))),
        cell_spread_percent=float(np.sqrt(np.mean(errors.var(axis=0, ddof=1)))),
    )


def _errors_percent(result: SweepResult, truth: Truth) -> list[float]:
    crystal = truth.sweep(result.sweep).crystal
    if result.cell is None or crystal is None:
        raise ValueError(f"{result.sweep} has no cell, or no crystal")
    true = crystal.unit_cell.as_tuple()[:LENGTHS]
    return [100 * (ours / theirs - 1) for ours, theirs in zip(result.cell[:LENGTHS], true, strict=True)]


def loop_document(figures: Mapping[str, LoopFigures | None]) -> dict[str, Any]:
    """Return the table as plain values, a part for each geometry."""
    return {name: asdict(one) if one else None for name, one in figures.items()}


def print_loop(console: Console, title: str, figures: Mapping[str, LoopFigures | None]) -> None:
    """Print a column for each geometry."""
    columns = [(name, one) for name, one in figures.items() if one]
    table = Table("", *(name for name, _ in columns), title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for heading, cells in _rows([one for _, one in columns]):
        table.add_row(heading, *cells)
    console.print(table)


def _rows(figures: Sequence[LoopFigures]) -> list[tuple[str, list[str]]]:
    return [
        ("sweeps indexed", [f"{one.indexed_sweep_count} of {one.sweep_count}" for one in figures]),
        ("spots indexed", [f"{one.indexed_share:.1%}" for one in figures]),
        ("RMSD x, y (mm)", [f"{one.rmsd_x_mm:.4f} {one.rmsd_y_mm:.4f}" for one in figures]),
        ("cell error against the truth (%)", [f"{one.cell_error_percent:.4f}" for one in figures]),
        ("spread of the cells (%)", [f"{one.cell_spread_percent:.4f}" for one in figures]),
    ]
