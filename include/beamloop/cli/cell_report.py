"""What is said of unit cells, for a terminal."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beamloop.cli.plain_text import as_text
from beamloop.unit_cells.analysis import CellAnalysis
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.text_tree import tree_lines
from beamloop.unit_cells.variation import linear_cell_variation

MOST_GROUPS = 20  # in the table; JSON has all


def print_analysis(analysis: CellAnalysis, data_sets: Sequence[DataSet], written: Sequence[Path]) -> None:
    """Print summary, tree, groups and outliers, then the files that were written."""
    console = Console()
    _print_summary(console, analysis)
    _print_tree(console, analysis)
    _print_groups(console, analysis)
    _print_outliers(console, analysis, data_sets)
    for path in written:
        console.print(as_text(str(path)), soft_wrap=True)


def _print_summary(console: Console, analysis: CellAnalysis) -> None:
    variation, setting = analysis.variation, analysis.setting
    console.print(f"Cells: {len(analysis.given)}; setting: {setting.name}", highlight=False, soft_wrap=True)
    changed = Counter(operator for operator in setting.operators if operator != "a,b,c")
    for operator, count in changed.most_common(MOST_GROUPS):
        console.print(f"  brought to it by {operator}: {count}", highlight=False)
    if not all(setting.symmetry_kept):
        broken = [place for place, kept in enumerate(setting.symmetry_kept, start=1) if not kept]
        console.print(
            f"  against their stated symmetry: {ranges(broken)}",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    if analysis.tree.identical:
        console.print("The cells are identical: LCV 0 %.")
    elif analysis.tree.nodes:
        first, second = variation.furthest
        console.print(
            f"LCV {variation.lcv_percent:.2f} % (absolute {variation.alcv_angstrom:.2f} Å), "
            f"furthest: {first} and {second}; principal components: {analysis.tree.component_count}",
            highlight=False,
            soft_wrap=True,
        )
        if analysis.outliers and analysis.inlier_tree.nodes:
            top = analysis.inlier_tree.nodes[-1]
            console.print(
                f"Without outliers: LCV {top.lcv_percent:.2f} % (absolute {top.alcv_angstrom:.2f} Å)",
                highlight=False,
            )
    else:
        console.print("One cell has no tree.")


def _print_tree(console: Console, analysis: CellAnalysis) -> None:
    if not analysis.tree.nodes:
        return
    odd = {outlier.serial for outlier in analysis.outliers}
    lines = tree_lines(analysis.tree)
    labels = [_label(line.members) for line in lines]
    width = max(len(label) for label in labels)
    console.print("\nTree, lengths by the square root of the Ward distance:", highlight=False)
    for label, line in zip(labels, lines, strict=True):
        style = "red" if odd & set(line.members) else ""
        console.print(
            Text(f"{label:>{width}} {line.branches}", style=style), no_wrap=True, overflow="crop", crop=False
        )


def _print_groups(console: Console, analysis: CellAnalysis) -> None:
    table = Table(
        title=f"Groups, LCV at most {analysis.limit_percent:g} %", box=box.SIMPLE, title_justify="left"
    )
    for heading in ("cells", "LCV (%)", "aLCV (Å)"):
        table.add_column(heading, justify="right")
    table.add_column("members", overflow="fold")
    for group in analysis.groups[:MOST_GROUPS]:
        variation = linear_cell_variation(analysis.setting.cells[[serial - 1 for serial in group]])
        figures = (f"{variation.lcv_percent:.2f}", f"{variation.alcv_angstrom:.2f}")
        table.add_row(str(len(group)), *figures, ranges(group))
    console.print()
    console.print(table)
    if len(analysis.groups) > MOST_GROUPS:
        console.print(f"and {len(analysis.groups) - MOST_GROUPS} smaller groups", highlight=False)


def _print_outliers(console: Console, analysis: CellAnalysis, data_sets: Sequence[DataSet]) -> None:
    if not analysis.outliers:
        console.print("No outliers.")
        return
    table = Table(title="Outliers", box=box.SIMPLE, title_justify="left")
    table.add_column("cell", justify="right")
    table.add_column("from", overflow="fold")
    table.add_column("robust z", justify="right")
    table.add_column("why", overflow="fold")
    for outlier in analysis.outliers:
        data_set = data_sets[outlier.serial - 1]
        origin = as_text(f"{Path(data_set.path).name}, {data_set.place}")
        table.add_row(
            str(outlier.serial), origin, f"{outlier.robust_z:.1f} ({outlier.face})", outlier.sentence
        )
    console.print(table)


def _label(members: Sequence[int]) -> str:
    return str(members[0]) if len(members) == 1 else f"{len(members)} cells"


def ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers in few words: "1-6, 8"."""
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after != before + 1)]
    ends = [*(before for before, after in pairwise(numbers) if after != before + 1), numbers[-1]]
    return ", ".join(
        str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True)
    )
