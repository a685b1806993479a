"""Draw the tree as BLEND does, with groups in colours; matplotlib is imported when something is drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamloop.unit_cells.layout import TreeLayout, lay_out
from beamloop.unit_cells.palette import OTHER_COLOUR, OUTLIER_COLOUR, colours_of_cells
from beamloop.unit_cells.tree import ClusterNode, ClusterTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_INCHES, LEAST_WIDTH_INCHES, MOST_WIDTH_INCHES = 8.0, 8.0, 24.0
INCHES_A_LEAF = 0.16  # what a number of 8 points needs when it stands upright
DOTS_PER_INCH = 120
MOST_LEVEL_NUMBERS = 20  # more leaves have their numbers upright
ANNOTATED = 4  # nodes below the top, as BLEND does


def draw_tree(
    tree: ClusterTree,
    groups: Sequence[Sequence[int]] = (),
    outliers: Sequence[int] = (),
    serials: Sequence[int] | None = None,
    words: str = "",
) -> "Figure":
    """Return the dendrogram.

    Parameters
    ----------
    tree
        Of any number of cells; of one, only its leaf is shown.
    groups, outliers
        Serial numbers to colour.
    serials
        Of the leaves, where they are not 1 to n: a tree of the inliers only.
    words
        A line below the title, such as the name of the setting.
    """
    from matplotlib.figure import Figure

    numbers = tuple(serials) if serials is not None else tuple(range(1, tree.cell_count + 1))
    width = min(max(LEAST_WIDTH_INCHES, INCHES_A_LEAF * tree.cell_count + 1.5), MOST_WIDTH_INCHES)
    figure = Figure(figsize=(width, HEIGHT_INCHES), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel("Ward distance", fontsize=13)
    axes.set_title(_title(tree) + (f"\n{words}" if words else ""), fontsize=14)
    if not tree.nodes:
        axes.set_xticks([0], [str(number) for number in numbers])
        axes.set_yticks([])
        return figure
    layout = lay_out(tree)
    _draw_branches(axes, tree, layout, colours_of_cells(groups))
    _annotate(axes, tree, layout)
    _number_leaves(axes, [numbers[leaf] for leaf in layout.order], set(outliers), width)
    return figure


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG or SVG, by the file's suffix; the same figure gives the same bytes."""
    import matplotlib as mpl

    metadata: Mapping[str, Any] = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "beamloop", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata=dict(metadata))


def _title(tree: ClusterTree) -> str:
    if not tree.nodes:
        return f"Cells: {tree.cell_count}; no tree"
    top = tree.nodes[-1]
    identical = "; the cells are identical" if tree.identical else ""
    return f"LCV: {top.lcv_percent:.2f}% (absolute LCV: {top.alcv_angstrom:.2f} Å){identical}"


def _draw_branches(axes: Any, tree: ClusterTree, layout: TreeLayout, colours: Mapping[int, str]) -> None:
    from matplotlib.collections import LineCollection

    lines, shades = [], []
    for row, (first, second, height, _) in enumerate(tree.linkage):
        left, right = int(first), int(second)
        corners = [(layout.places[left], layout.heights[left]), (layout.places[left], height)]
        corners += [(layout.places[right], height), (layout.places[right], layout.heights[right])]
        lines.append(corners)
        shades.append(_colour(tree.nodes[row], colours))
    axes.add_collection(LineCollection(lines, colors=shades, linewidths=1.3))
    top = float(layout.heights.max()) or 1.0
    axes.set_xlim(-0.8, tree.cell_count - 0.2)
    axes.set_ylim(0.0, 1.06 * top)


def _colour(node: ClusterNode, colours: Mapping[int, str]) -> str:
    found = {colours.get(member, OTHER_COLOUR) for member in node.members}
    return found.pop() if len(found) == 1 else OTHER_COLOUR


def _annotate(axes: Any, tree: ClusterTree, layout: TreeLayout) -> None:
    """Write LCV(aLCV) at the nodes below the top."""
    for node in tree.nodes[-1 - ANNOTATED : -1]:
        index = tree.cell_count + node.number - 1
        axes.annotate(
            f"{node.lcv_percent:.2f}({node.alcv_angstrom:.2f})",
            (layout.places[index], layout.heights[index]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=10,
            color=OUTLIER_COLOUR,
        )


def _number_leaves(axes: Any, numbers: Sequence[int], outliers: set[int], width_inches: float) -> None:
    """Write serial numbers below the leaves; where there is no room for all, some, outliers first."""
    step = -(-len(numbers) // int(width_inches / INCHES_A_LEAF))
    blocks = [range(start, min(start + step, len(numbers))) for start in range(0, len(numbers), step)]
    shown = [next((place for place in block if numbers[place] in outliers), block[0]) for block in blocks]
    upright = len(numbers) > MOST_LEVEL_NUMBERS
    axes.set_xticks(
        shown,
        [str(numbers[place]) for place in shown],
        rotation=90 if upright else 0,
        fontsize=8 if upright else 11,
    )
    axes.tick_params(axis="x", length=0)
    for place, label in zip(shown, axes.get_xticklabels(), strict=True):
        if numbers[place] in outliers:
            label.set_color(OUTLIER_COLOUR)
            label.set_fontweight("bold")
    thinned = "" if step == 1 else f" (1 in {step} is numbered)"
    named = "; outliers bold" if outliers else ""
    axes.set_xlabel(f"Individual data sets{thinned}{named}", fontsize=13)
