"""A tree in characters, for a terminal: leaves one below the other, heights to the right."""

from dataclasses import dataclass

from beamloop.unit_cells.tree import ClusterTree

MOST_LINES = 45  # what fits on a screen; below, branches are folded into one line
WIDTH = 48  # characters from the leaves to the top
LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
CHARACTERS = {
    0: " ",
    LEFT | RIGHT: "─",
    UP | DOWN: "│",
    LEFT | DOWN: "┐",
    LEFT | UP: "┘",
    UP | DOWN | RIGHT: "├",
    UP | DOWN | LEFT: "┤",
    UP | DOWN | LEFT | RIGHT: "┼",
    LEFT | DOWN | RIGHT: "┬",
    LEFT | UP | RIGHT: "┴",
    LEFT: "─",
    RIGHT: "─",
}


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One line: a cell, or a branch folded up."""

    members: tuple[int, ...]  # (7,): serial numbers
    branches: str  # "──┐": the drawing to the right of the label


def tree_lines(tree: ClusterTree, most_lines: int = MOST_LINES) -> tuple[TreeLine, ...]:
    """Draw a tree of at least two cells.

    Parameters
    ----------
    tree
        Its heights are drawn by their square root, so that low merges are seen beside high ones.
    most_lines
        Larger trees are folded: their lowest branches become one line each.
    """
    leaves = _ordered(tree, _folded(tree, most_lines))
    rows: dict[int, float] = {index: float(row) for row, index in enumerate(leaves)}
    columns = dict.fromkeys(leaves, 0)
    canvas = [[0] * (WIDTH + len(leaves) + 1) for _ in leaves]
    top = tree.nodes[-1].height or 1.0
    for place, (first, second, height, _) in enumerate(tree.linkage):
        left, right = int(first), int(second)
        index = tree.cell_count + place
        if index in rows or left not in rows or right not in rows:
            continue  # folded
        column = max(
            1 + round((WIDTH - 1) * float(height / top) ** 0.5), columns[left] + 1, columns[right] + 1
        )
        columns[index] = min(column, WIDTH + 1)
        upper, lower = sorted((rows[left], rows[right]))
        for part in (left, right):
            _across(canvas[int(rows[part])], columns[part], columns[index])
        for row in range(int(upper), int(lower) + 1):
            canvas[row][columns[index]] |= (UP if row > int(upper) else 0) | (DOWN if row < int(lower) else 0)
        rows[index] = (upper + lower) / 2
    return tuple(
        TreeLine(_members(tree, index), "".join(CHARACTERS[cell] for cell in line).rstrip())
        for index, line in zip(leaves, canvas, strict=True)
    )


def _across(line: list[int], start: int, end: int) -> None:
    """Draw from a part's column to that of its merge."""
    line[start] |= RIGHT
    for column in range(start + 1, end):
        line[column] |= LEFT | RIGHT
    line[end] |= LEFT


def _folded(tree: ClusterTree, most_lines: int) -> set[int]:
    """Return which indices of scipy's are lines: leaves, and merges that are not unfolded."""
    lines = {2 * tree.cell_count - 2}
    for place in range(len(tree.nodes) - 1, -1, -1):  # the highest merges last in merging order
        if len(lines) >= most_lines:
            break
        index = tree.cell_count + place
        if index in lines:
            lines.remove(index)
            lines.update(int(part) for part in tree.linkage[place, :2])
    return lines


def _ordered(tree: ClusterTree, lines: set[int]) -> list[int]:
    """Return lines from top to bottom so that no two branches cross."""
    order, waiting = [], [2 * tree.cell_count - 2]
    while waiting:
        index = waiting.pop()
        if index in lines:
            order.append(index)
        else:
            first, second = tree.linkage[index - tree.cell_count, :2]
            waiting += [int(second), int(first)]
    return order


def _members(tree: ClusterTree, index: int) -> tuple[int, ...]:
    return (index + 1,) if index < tree.cell_count else tree.nodes[index - tree.cell_count].members
