"""What a space group's symbol says of a lattice: its primitive basis, its rotations, its screws, its setting.

Frames: a basis is a matrix whose rows are axes in terms of other axes, G' = P G P^T for metric tensors;
fractional coordinates, columns, go as x' = P^-T x.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.cell_arrays import Floats

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rotations:
    """The proper rotations of a space group but the identity, in a primitive basis.

    The power of an operation (R, t) that brings every direction back is a translation along the axis, in
    whole axes of a primitive basis: its *rise*. It tells screws from rotations wherever the origin is.
    """

    matrices: Integers  # (m, 3, 3): of fractional coordinates
    rises: Integers  # (m, 3)

    def in_basis(self, basis: Integers) -> "Rotations":
        """Return them in another primitive basis, shape (3, 3), rows in terms of this one."""
        back = np.rint(np.linalg.inv(basis)).astype(np.int64)
        return Rotations(back.T @ self.matrices @ basis.T, self.rises @ back)


@dataclass(frozen=True, slots=True)
class Symmetry:
    """What a symbol says of cells given in its setting."""

    primitive: Floats  # (3, 3): axes of a primitive basis in terms of the given axes
    rotations: Rotations  # in the primitive basis
    conventional: Floats | None  # (3, 3): conventional axes in terms of the given; None where there are none
    setting: str  # "conventional I", "reduced", "as given"


@lru_cache(maxsize=1024)
def symmetry_of(symbol: str) -> Symmetry:
    """Return what a space group's symbol says of a lattice.

    Parameters
    ----------
    symbol
        Hermann-Mauguin, "H 3" and "R 3:R" included, or Hall with a change of basis, as DIALS writes
        primitive settings: "I 2 2 3 (y+z,x+z,x+y)". Empty where the symmetry is not known: then the given
        axes are taken for primitive ones.

    Raises
    ------
    InvalidInputError
        When there is no such group.
    """
    if not symbol.strip():
        return Symmetry(np.eye(3), _rotations((), np.eye(3)), np.eye(3), "as given")
    group = gemmi.find_spacegroup_by_name(symbol.strip())
    operations = group.operations() if group else _hall_operations(symbol)
    primitive = _lattice_basis([[int(x) for x in vector] for vector in operations.cen_ops])
    conventional, setting = _named_setting(group) if group else _hall_setting(symbol)
    return Symmetry(primitive, _rotations(operations.sym_ops, primitive), conventional, setting)


def _hall_operations(symbol: str) -> Any:
    try:
        return gemmi.symops_from_hall(symbol.strip())
    except (RuntimeError, ValueError) as error:
        raise InvalidInputError(
            f"There is no space group {symbol!r}.",
            try_next='Give a Hermann-Mauguin symbol such as "P 21 21 21" or "H 3".',
        ) from error


def _named_setting(group: Any) -> tuple[Floats | None, str]:
    """Return the conventional axes and the setting's name; rhombohedral axes become hexagonal ones."""
    if group.number <= 2:  # a triclinic lattice has its reduced cell only
        return None, "reduced"
    if group.ext == "R":
        return _rows(group.basisop), "conventional H"
    return np.eye(3), f"conventional {'H' if group.ext == 'H' else group.hm[0]}"


def _hall_setting(symbol: str) -> tuple[Floats | None, str]:
    """Return the same for "hall (x',y',z')", where x' are the given coordinates of a point x, y, z."""
    group = group_of(symbol)
    if group is None:
        return np.eye(3), "as given"
    conventional, setting = _named_setting(group)
    change = symbol.strip().rstrip(")").partition("(")[2]
    if conventional is None or not change:
        return conventional, setting
    return conventional @ _rows(gemmi.Op(change)), setting


def group_of(symbol: str) -> Any:
    """Return gemmi's space group of a symbol, whatever its change of basis; None where there is none."""
    hall = symbol.partition("(")[0].strip()
    if not hall:
        return None
    return gemmi.find_spacegroup_by_name(symbol.strip()) or gemmi.find_spacegroup_by_ops(
        _hall_operations(hall)
    )


def _rows(operation: Any) -> Floats:
    """Return the old axes in terms of the new ones for x_new = operation(x_old)."""
    return np.asarray(np.array(operation.rot, dtype=np.float64).T / gemmi.Op.DEN)


def _lattice_basis(centrings: list[list[int]]) -> Floats:
    """Return three axes, in terms of the given, that span all of them and the centring vectors (in 1/24)."""
    rows = [gemmi.Op.DEN * np.eye(3, dtype=np.int64)[i] for i in range(3)]
    rows += [np.array(vector) for vector in centrings]
    basis = []
    for column in range(3):
        # Euclid's algorithm on this column, as for a Hermite normal form.
        while len(filled := sorted((r for r in rows if r[column]), key=lambda r: abs(r[column]))) > 1:
            least = filled[0]
            rows = [r if r is least else r - r[column] // least[column] * least for r in rows]
        basis.append(filled[0])
        rows = [r for r in rows if r is not filled[0]]
    axes = np.array(basis, dtype=np.float64) / gemmi.Op.DEN
    return np.asarray(axes * np.sign(np.linalg.det(axes)))  # a change of hand would make another crystal


def _rotations(operations: Any, primitive: Floats) -> Rotations:
    back = np.linalg.inv(primitive).T
    matrices, rises = [], []
    for operation in operations:
        rotation = np.rint(back @ (np.array(operation.rot) / gemmi.Op.DEN) @ primitive.T).astype(np.int64)
        if round(float(np.linalg.det(rotation))) == 1 and not np.array_equal(rotation, np.eye(3)):
            matrices.append(rotation)
            rises.append(np.rint(full_turn(rotation) @ back @ (np.array(operation.tran) / gemmi.Op.DEN)))
    count = len(matrices)
    return Rotations(
        np.array(matrices, dtype=np.int64).reshape(count, 3, 3),
        np.array(rises, dtype=np.int64).reshape(count, 3),
    )


def full_turn(rotation: Integers) -> Integers:
    """Return 1 + R + R^2 + ... until R is 1 again, shape (3, 3): what a full turn does to a translation."""
    total, power = np.eye(3, dtype=np.int64), rotation
    while not np.array_equal(power, np.eye(3)):
        total, power = total + power, power @ rotation
    return total
