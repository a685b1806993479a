"""Some of a report's crystals with their tree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamloop.records.isomorphism import Variation
from beamloop.unit_cells.groups import suggest_groups
from beamloop.unit_cells.tree import ClusterTree, cluster_cells

Cells = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Crystals of a report, by their serial numbers there."""

    serials: tuple[int, ...]  # (1, 2, 4): ascending
    cells: Cells  # (n, 6): common cells in angstrom and degrees
    tree: ClusterTree  # its own serial numbers count from 1

    @property
    def variation(self) -> Variation | None:
        """LCV and aLCV of all of them; None below two."""
        if not self.tree.nodes:
            return None
        top = self.tree.nodes[-1]
        return Variation(top.lcv_percent, top.alcv_angstrom)

    @property
    def furthest(self) -> tuple[int, ...]:
        """The serial numbers of the two most different crystals; none below two."""
        return tuple(self.serials[at - 1] for at in self.tree.nodes[-1].furthest) if self.tree.nodes else ()

    def suggested(self, limit_percent: float) -> list[tuple[int, ...]]:
        """Return the groups within a limit of LCV, in percent, as serial numbers; the largest first."""
        groups = suggest_groups(self.tree, self.cells, limit_percent)
        return [tuple(self.serials[at - 1] for at in group) for group in groups]


def cluster_of(cells: Cells, serials: Sequence[int]) -> Cluster | None:
    """Return the cluster of some serial numbers of all common cells, shape (n, 6); None of none."""
    if not serials:
        return None
    chosen = cells[np.asarray(serials) - 1]
    return Cluster(tuple(serials), chosen, cluster_cells(chosen))
