"""A common setting for cells of one lattice (first version: as given)."""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from beamloop.unit_cells.cell_arrays import Floats, as_cells


@dataclass(frozen=True, slots=True)
class CommonSetting:
    """Cells in one setting, and how each came there."""

    cells: Floats  # (n, 6)
    operators: tuple[str, ...]  # ("a,b,c", "c,a,b"): the new axes in terms of the given ones
    name: str  # "conventional I"


def to_common_setting(cells: ArrayLike, space_groups: Sequence[str]) -> CommonSetting:
    """Return the cells as they are given."""
    given = as_cells(cells)
    return CommonSetting(given, ("a,b,c",) * len(space_groups), "as given")
