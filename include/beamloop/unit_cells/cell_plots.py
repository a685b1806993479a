"""Draw the cells themselves: histograms of the six parameters, and one parameter against another."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.palette import GROUP_COLOURS, OTHER_COLOUR, colours_of_cells
from beamloop.unit_cells.tree import VARYING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = ("a (Å)", "b (Å)", "c (Å)", "α (°)", "β (°)", "γ (°)")
PANEL_INCHES = 3.6
TITLE_INCHES = 6.5  # what the title needs above a single panel


def draw_histograms(cells: Floats, outliers: Sequence[int] = (), words: str = "") -> "Figure":
    """Return histograms of a, b, c, alpha, beta, gamma of the cells that are no outliers.

    Parameters
    ----------
    cells
        Shape (n, 6), angstrom and degrees, in one setting.
    outliers
        Serial numbers that are left out: a doubled axis would leave one bar for the others.
    words
        A line below the title, such as the name of the setting.
    """
    from matplotlib.figure import Figure

    shown = _without(cells, outliers)
    figure = Figure(figsize=(3 * PANEL_INCHES, 2 * PANEL_INCHES), layout="constrained")
    for column, axes in enumerate(figure.subplots(2, 3).flat):
        values = shown[:, column]
        middle = float(np.median(values)) if len(values) else 0.0
        axes.set_xlabel(LABELS[column], fontsize=12)
        _plain_numbers(axes)
        if len(values) < 2 or values.std() <= VARYING:
            axes.text(0.5, 0.5, f"{middle:.3f} for all", ha="center", va="center", transform=axes.transAxes)
            axes.set(xticks=[], yticks=[])
            continue
        axes.hist(values, bins="auto", color=GROUP_COLOURS[0])
        axes.axvline(middle, color=OTHER_COLOUR, linestyle="--", linewidth=1.2)
        axes.set_title(f"median {middle:.3f}, deviation {values.std(ddof=1):.3f}", fontsize=10)
        axes.set_ylabel("data sets", fontsize=12)
    figure.suptitle(_title("Unit cells", len(shown), outliers, words), fontsize=13)
    return figure


def draw_scatter(
    cells: Floats, groups: Sequence[Sequence[int]] = (), outliers: Sequence[int] = (), words: str = ""
) -> "Figure":
    """Return plots of each parameter that varies against the others, the groups in colours.

    Parameters
    ----------
    cells
        Shape (n, 6), angstrom and degrees, in one setting.
    groups
        Serial numbers to colour.
    outliers
        Serial numbers that are left out.
    words
        A line below the title, such as the name of the setting.
    """
    from matplotlib.figure import Figure

    serials = [serial for serial in range(1, len(cells) + 1) if serial not in set(outliers)]
    shown = _without(cells, outliers)
    pairs = _pairs(shown)
    rows = -(-len(pairs) // 3)
    columns = min(3, len(pairs))
    width = max(columns * PANEL_INCHES, TITLE_INCHES)
    figure = Figure(figsize=(width, rows * width / columns), layout="constrained")
    colours = colours_of_cells(groups)
    shades = [colours.get(serial, OTHER_COLOUR) for serial in serials]
    panels = figure.subplots(rows, columns, squeeze=False)
    for (x, y), axes in zip(pairs, panels.flat, strict=False):
        axes.scatter(shown[:, x], shown[:, y], c=shades, s=22, alpha=0.8, linewidths=0)
        axes.set_xlabel(LABELS[x], fontsize=12)
        axes.set_ylabel(LABELS[y], fontsize=12)
        _plain_numbers(axes)
    for axes in list(panels.flat)[len(pairs) :]:
        axes.set_visible(False)
    figure.suptitle(_title("Unit cells by group", len(shown), outliers, words), fontsize=13)
    return figure


def _pairs(cells: Floats) -> list[tuple[int, int]]:
    """Return the pairs of parameters worth a panel: those that vary, equal ones once."""
    varying = [column for column in range(6) if len(cells) > 1 and cells[:, column].std() > VARYING]
    distinct: list[int] = []
    for column in varying:
        if not any(np.allclose(cells[:, column], cells[:, other], atol=VARYING) for other in distinct):
            distinct.append(column)
    return list(combinations(distinct, 2)) or [(0, 2)]


def _without(cells: Floats, outliers: Sequence[int]) -> Floats:
    return np.delete(cells, [serial - 1 for serial in outliers], axis=0)


def _plain_numbers(axes: Any) -> None:
    """Write 98.34, not 0.04 with an offset of 98.3 at the axis's end."""
    axes.ticklabel_format(useOffset=False)
    axes.tick_params(labelsize=9)
    axes.locator_params(axis="x", nbins=5)


def _title(what: str, count: int, outliers: Sequence[int], words: str) -> str:
    left_out = f"; outliers left out: {len(outliers)}" if outliers else ""
    return f"{what}, data sets: {count}{left_out}" + (f"\n{words}" if words else "")
