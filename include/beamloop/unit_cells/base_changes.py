"""Changes of basis between reduced cells of one lattice, and which of them symmetry allows."""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.symmetry import Integers, Rotations, full_turn

Booleans = NDArray[np.bool_]


@cache
def base_changes() -> Integers:
    """Return the matrices of -1, 0, 1 with determinant 1, shape (3480, 3, 3), the simplest first.

    Rows are new axes in terms of the old ones. They relate all reduced cells of a lattice, and those of
    lattices that differ a little. Source: A. A. Lebedev et al., Acta Cryst. D62 (2006) 83-95, section 2.
    """
    matrices = np.array(list(product((-1, 0, 1), repeat=9)), dtype=np.int64).reshape(-1, 3, 3)
    proper = matrices[np.rint(np.linalg.det(matrices)) == 1]
    complexity = np.abs(proper - np.eye(3, dtype=np.int64)).sum(axis=(1, 2))
    return np.asarray(proper[np.argsort(complexity, kind="stable")])


@cache
def _on_products() -> Floats:
    """Return what each base change does to the six scalar products of axes, shape (3480, 6, 6)."""
    matrices = base_changes()
    columns = []
    for i, j in zip(*SIX, strict=True):
        unit = np.zeros((3, 3))
        unit[i, j] = unit[j, i] = 1.0
        changed = matrices @ unit @ matrices.transpose(0, 2, 1)
        columns.append(changed[:, SIX[0], SIX[1]])
    return np.asarray(np.stack(columns, axis=-1), dtype=np.float64)


SIX = ((0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1))  # a.a, b.b, c.c, b.c, a.c, a.b


def six_products(metrics: Floats) -> Floats:
    """Return a.a, b.b, c.c, b.c, a.c, a.b (angstrom^2), shape (n, 6), of metric tensors (n, 3, 3)."""
    return metrics[:, SIX[0], SIX[1]]


def deviations(products: Floats, reference: Floats) -> Floats:
    """Return how cells differ from a reference: relative squared lengths, then cosines; no unit.

    Parameters
    ----------
    products
        Shape (..., 6), angstrom^2.
    reference
        Shape (6,), angstrom^2.
    """
    squares, others = products[..., :3], reference[:3]
    pairs = np.sqrt(squares[..., (1, 0, 0)] * squares[..., (2, 2, 1)])
    reference_pairs = np.sqrt(others[[1, 0, 0]] * others[[2, 2, 1]])
    return np.concatenate(
        [squares / others - 1, products[..., 3:] / pairs - reference[3:] / reference_pairs], axis=-1
    )


def changed_products(products: Floats) -> Floats:
    """Return the six products of cells, shape (n, 6), in all bases: shape (n, 3480, 6)."""
    return np.asarray((products @ _on_products().reshape(-1, 6).T).reshape(len(products), -1, 6))


def changed_by(products: Floats, changes: Integers) -> Floats:
    """Return the six products of cells, shape (n, 6), each in one basis of its own: shape (n, 6).

    Parameters
    ----------
    products
        Angstrom^2.
    changes
        Indices of base_changes(), shape (n,).
    """
    return np.asarray(np.einsum("nij,nj->ni", _on_products()[changes], products))


def where_lengths_fit(products: Floats, reference: Floats, largest: float) -> Booleans:
    """Say in which bases no axis' squared length is further from a reference than a limit, shape (n, 3480).

    Parameters
    ----------
    products
        Shape (n, 6), angstrom^2.
    reference
        Shape (6,), angstrom^2.
    largest
        Relative deviation of squared lengths.
    """
    vectors, places = _short_vectors()
    squares = products @ vectors.T
    fits = np.abs(squares[:, :, None] / reference[:3] - 1) <= largest
    return np.asarray(fits[:, places[:, 0], 0] & fits[:, places[:, 1], 1] & fits[:, places[:, 2], 2])


@cache
def _short_vectors() -> tuple[Floats, Integers]:
    """Return the rows of base changes as functions of the six products, and which of them each has."""
    squares = _on_products()[:, :3].reshape(-1, 6)
    vectors, places = np.unique(squares, axis=0, return_inverse=True)
    return vectors, places.reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which base changes carry a cell's rotations onto a reference's, shape (3480,) each."""

    all_kept: Booleans  # the same rotations and screws
    partly_kept: Booleans  # the rotations of one are among those of the other


def allowed_changes(rotations: Rotations, reference: Rotations) -> Allowed:
    """Say what each base change does to the rotations of a cell, given in its basis before the change."""
    matrices = base_changes()
    back = np.rint(np.linalg.inv(matrices)).astype(np.int64)
    changed = back.transpose(0, 2, 1)[:, None] @ rotations.matrices @ matrices.transpose(0, 2, 1)[:, None]
    found = _codes(changed)[:, :, None] == _codes(reference.matrices)
    within = found.any(axis=2).all(axis=1)
    around = found.any(axis=1).all(axis=1)
    same = np.flatnonzero(within & around)
    all_kept = np.zeros(len(matrices), dtype=bool)
    if len(reference.matrices):
        rises = np.einsum("mj,kji->kmi", rotations.rises, back[same])
        all_kept[same] = _same_screws(rises, found[same].argmax(axis=2), reference)
    else:
        all_kept[same] = True
    return Allowed(all_kept, within | around)


def _codes(matrices: Integers) -> Integers:
    """Return a number for each matrix of small integers, shape (..., 3, 3): equal for equal ones only."""
    # Elements are products of a rotation of a reduced cell with two base changes: far under 50.
    flat = matrices.reshape(*matrices.shape[:-2], 9)
    return np.asarray(flat @ (101 ** np.arange(9, dtype=np.int64)))


def _same_screws(rises: Integers, partners: Integers, reference: Rotations) -> Booleans:
    """Compare rises, shape (k, m, 3), with those of the reference's rotations they belong to, shape (k, m).

    A lattice translation z in an operation changes its rise by N z, N = 1 + R + R^2 + ...: rises are compared
    modulo the greatest common divisors of the rows of N.
    """
    turns = np.array([full_turn(matrix) for matrix in reference.matrices])
    moduli = np.gcd.reduce(turns, axis=2)[partners]
    difference = rises - reference.rises[partners]
    equal = np.where(moduli == 0, difference == 0, difference % np.maximum(moduli, 1) == 0)
    return np.asarray(equal.all(axis=(1, 2)))
