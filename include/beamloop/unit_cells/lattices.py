"""The reduced cells of data sets, each with what its space group demands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beamloop.unit_cells.base_changes import Allowed, allowed_changes
from beamloop.unit_cells.cell_arrays import Floats, metric_tensors
from beamloop.unit_cells.reduction import niggli_bases, seven_lengths
from beamloop.unit_cells.symmetry import Integers, Rotations, symmetry_of


@dataclass(frozen=True, slots=True)
class Lattices:
    """Reduced cells of n data sets."""

    symbols: tuple[str, ...]  # space groups as given
    axes: Floats  # (n, 3, 3): reduced axes in terms of the given ones
    metrics: Floats  # (n, 3, 3): scalar products of the reduced axes, angstrom^2
    lengths: Floats  # (n, 7): angstrom, see seven_lengths
    kinds: Integers  # (n,): which kind of space group and reduced axes each is
    rotations: tuple[Rotations, ...]  # of each kind, in the reduced axes
    kind_axes: Floats  # (kinds, 3, 3): its reduced axes in terms of the given ones

    def allowed(self, reference: Rotations) -> list[Allowed]:
        """Say for each kind which base changes keep its symmetry beside a reference's."""
        return [allowed_changes(kind, reference) for kind in self.rotations]

    def middle(self, rows: Integers) -> int:
        """Return which of some data sets is nearest to their median, whatever its axes."""
        lengths = self.lengths[rows]
        scale = np.median(lengths, axis=0)
        return int(rows[np.abs(lengths / scale - 1).sum(axis=1).argmin()])


def reduced_lattices(cells: Floats, symbols: Sequence[str]) -> Lattices:
    """Reduce cells, shape (n, 6), whose setting the symbols of their space groups tell.

    Raises
    ------
    InvalidInputError
        When there is no such space group.
    """
    symmetries = [symmetry_of(symbol) for symbol in symbols]
    primitive = np.array([symmetry.primitive for symmetry in symmetries])
    bases = niggli_bases(in_basis(metric_tensors(cells), primitive))
    axes = bases @ primitive
    kinds: dict[tuple[str, bytes], int] = {}
    rotations: list[Rotations] = []
    first: list[int] = []
    numbers = []
    for row, (symbol, symmetry, basis) in enumerate(zip(symbols, symmetries, bases, strict=True)):
        key = (symbol, basis.tobytes())
        if key not in kinds:
            kinds[key] = len(rotations)
            first.append(row)
            rotations.append(symmetry.rotations.in_basis(basis))
        numbers.append(kinds[key])
    metrics = in_basis(metric_tensors(cells), axes)
    return Lattices(
        symbols=tuple(symbols),
        axes=axes,
        metrics=metrics,
        lengths=seven_lengths(metrics),
        kinds=np.array(numbers),
        rotations=tuple(rotations),
        kind_axes=axes[first],
    )


def in_basis(metrics: Floats, axes: Floats | Integers) -> Floats:
    """Return metric tensors, shape (n, 3, 3), for axes in terms of the old ones, shape (n, 3, 3)."""
    return np.asarray(axes @ metrics @ axes.transpose(0, 2, 1))
