"""What BLEND 0.6.22 makes of six sets of cells, where the shared data stand beside the project."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[3] / "shared/data/blend_reference"
ABSENT = "../shared/data/blend_reference is not here"
SETS = (
    "polyhedra15_individual_conv",
    "polyhedra15_joint_conv",
    "ssx_CuNiR",
    "teha_like_39_seed1",
    "teha_like_41_seed1",
    "vmxi_proteinase_k",
)


@dataclass(frozen=True, slots=True)
class BlendNode:
    """A line of CLUSTERS.txt; the figures as BLEND prints them."""

    height: str
    lcv_percent: str
    alcv_angstrom: str
    furthest: tuple[int, int]
    members: tuple[int, ...]


def cells_file(name: str) -> Path:
    """Return the table of one set."""
    return FOLDER / f"{name}_cells.dat"


def reference_cells(name: str) -> NDArray[np.float64]:
    """Return the cells of one set, shape (n, 6), angstrom and degrees."""
    return np.loadtxt(cells_file(name), ndmin=2)


def blend_nodes(name: str) -> list[BlendNode]:
    """Return BLEND's tree of one set."""
    lines = (FOLDER / f"{name}_CLUSTERS.txt").read_text().splitlines()
    return [
        BlendNode(row[2], row[3], row[4], (int(row[5]), int(row[6])), tuple(int(part) for part in row[7:]))
        for row in (line.split() for line in lines)
        if row
    ]
