"""How an odd cell relates to the median cell: a multiple of an axis, other axes of one lattice, neither."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from beamloop.unit_cells.base_changes import base_changes, changed_products, deviations, six_products
from beamloop.unit_cells.cell_arrays import Floats, metric_tensors
from beamloop.unit_cells.reduction import niggli_bases
from beamloop.unit_cells.sublattices import LARGEST_INDEX, centring_of, extra_points, related_lattices
from beamloop.unit_cells.triplets import triplet

AXES = "abc"
# What a wrong lattice makes of an axis; 4 keeps apart what measurement can tell apart.
AXIS_RATIOS = tuple(
    Fraction(p, q) for p, q in ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4), (3, 2), (2, 3))
)
# A wrong lattice is measured badly: the doubled cells of the reference sets are up to 3 % off.
RATIO_TOLERANCE = 0.04
ANGLE_TOLERANCE_DEG = 3.0
LATTICE_TOLERANCE = 0.06  # relative squared lengths, cosines: 3 % in length
# Other axes explain a cell when they leave a quarter of its deviation.
EXPLAINED = 0.25


@dataclass(frozen=True, slots=True)
class Relation:
    """What an odd cell is to the median cell."""

    reason: str  # "doubled_axis", "halved_axis", "related_axis", "other_setting"
    words: str  # "c is 2.00 times the others' c (273.60 against 136.60 Å)"


def relation_of(cell: Floats, median: Floats, whose: str = "the others'") -> Relation | None:
    """Return what a cell is to the median cell, or None where nothing simple relates them.

    Parameters
    ----------
    cell, median
        Shape (6,): a, b, c in angstrom, alpha, beta, gamma in degrees. Both are taken for primitive.
    whose
        The median cell, in words: "the others'".
    """
    return _axis_ratio(cell, median, whose) or _other_axes(cell, median, whose)


def _axis_ratio(cell: Floats, median: Floats, whose: str) -> Relation | None:
    """Compare axis by axis; several axes may differ, but by one ratio."""
    if np.abs(cell[3:] - median[3:]).max() > ANGLE_TOLERANCE_DEG:
        return None
    measured = cell[:3] / median[:3]
    nearest = [min(AXIS_RATIOS, key=lambda ratio: abs(value / ratio - 1)) for value in measured]
    if max(abs(value / ratio - 1) for value, ratio in zip(measured, nearest, strict=True)) > RATIO_TOLERANCE:
        return None
    unequal = [place for place, ratio in enumerate(nearest) if ratio != 1]
    if len({nearest[place] for place in unequal}) != 1:
        return None
    words = " and ".join(
        f"{AXES[place]} is {measured[place]:.2f} times {whose} {AXES[place]} "
        f"({cell[place]:.2f} against {median[place]:.2f} Å)"
        for place in unequal
    )
    return Relation(_axis_reason(nearest[unequal[0]]), words)


def _axis_reason(ratio: Fraction) -> str:
    return {Fraction(2): "doubled_axis", Fraction(1, 2): "halved_axis"}.get(ratio, "related_axis")


def _other_axes(cell: Floats, median: Floats, whose: str) -> Relation | None:
    """Look for the cell's axes in the median lattice, its sublattices and its superlattices."""
    own, others = metric_tensors(np.stack([cell, median]))
    unexplained = np.abs(deviations(six_products(own[None]), six_products(others[None])[0])).max()
    tolerance = min(LATTICE_TOLERANCE, EXPLAINED * float(unexplained))
    volume_ratio = float(np.sqrt(np.linalg.det(own) / np.linalg.det(others)))
    best: tuple[float, Floats] | None = None
    for lattice in related_lattices():
        if abs(volume_ratio / np.linalg.det(lattice) - 1) > 2 * LATTICE_TOLERANCE:
            continue
        misfit, axes = _axes_in(own, lattice, others)
        if misfit <= tolerance and (best is None or misfit < best[0]):
            best = (misfit, axes)
    return None if best is None else _named(best[1], whose)


def _axes_in(own: Floats, lattice: Floats, others: Floats) -> tuple[float, Floats]:
    """Return the misfit of a cell in a lattice, and its axes in terms of the median's, shape (3, 3)."""
    metrics = np.stack([own, lattice @ others @ lattice.T])
    own_basis, basis = niggli_bases(metrics)
    reduced = six_products(basis @ metrics[1] @ basis.T[None])
    target = six_products((own_basis @ own @ own_basis.T)[None])[0]
    misfits = np.abs(deviations(changed_products(reduced)[0], target)).max(axis=1)
    best = int(misfits.argmin())
    return float(misfits[best]), np.linalg.inv(own_basis) @ base_changes()[best] @ basis @ lattice


def _named(axes: Floats, whose: str) -> Relation:
    """Name what axes, in terms of the median's, shape (3, 3), do to the lattice."""
    index = float(np.linalg.det(axes))
    text = triplet(axes)
    # The coarser of the two lattices: what the finer one has beyond it, in the coarser one's axes.
    extra = extra_points(axes if index < 1 else np.asarray(np.linalg.inv(axes)))
    if not extra:
        return Relation(
            "other_setting", f"Its axes are {text} of {whose}: the same lattice in another setting"
        )
    if centring := centring_of(extra):
        return Relation(
            "other_setting",
            f"Its axes are {text} of {whose}: one lattice if the larger cell is {centring}-centred",
        )
    ratio = Fraction(index).limit_denominator(LARGEST_INDEX)
    along = {tuple(place for place in range(3) if vector[place]) for vector in extra}
    if len(along) == 1 and len(axis := along.pop()) == 1:
        return Relation(
            _axis_reason(ratio),
            f"Its {AXES[axis[0]]} is {float(ratio):g} times a period of {whose} lattice",
        )
    return Relation("related_axis", f"Its axes are {text} of {whose}: {float(ratio):g} times the volume")
