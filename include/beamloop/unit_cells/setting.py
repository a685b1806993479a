"""A common setting: each cell in the axes of its lattice that make it most like the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from beamloop.unit_cells.base_changes import base_changes, six_products
from beamloop.unit_cells.cell_arrays import Floats, as_cells, cells_of_metrics, metric_tensors
from beamloop.unit_cells.fitting import ALIKE, TIE, Fit, align, effort_of_changes, fit_to
from beamloop.unit_cells.lattices import Lattices, in_basis, reduced_lattices
from beamloop.unit_cells.symmetry import Integers, Rotations, symmetry_of
from beamloop.unit_cells.triplets import triplet

MOST_LATTICES = 20  # each with a setting of its own; cells of further ones keep their own axes
# A change of axes that the scatter of the cells suggests is no evidence: given axes stay unless another
# choice lessens a cell's sum of squares by so many of the cells' median sums, two standard deviations.
SCATTER = 4.0
MOST_ROUNDS = 5  # of taking a new median; two are enough where the first reference is near it


@dataclass(frozen=True, slots=True)
class CommonSetting:
    """Cells in one setting, and how each came there."""

    cells: Floats  # (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees
    operators: tuple[
        str, ...
    ]  # ("a,b,c", "c,a,b"): the new axes in terms of the given, as dials.reindex reads
    name: str  # "conventional I"; several, with their counts, where there are several lattices
    settings: tuple[str, ...]  # ("conventional I", ...): of each cell
    symmetry_kept: tuple[bool, ...]  # False: only a change of axes that breaks a cell's symmetry makes it fit


@dataclass(frozen=True, slots=True)
class _Frame:
    """Cells of one lattice, and the axes they share."""

    rows: Integers
    fit: Fit
    reference: Floats  # (6,): median products of the reduced axes, angstrom^2
    rotations: Rotations  # in the reduced axes
    conventional: Floats  # (3, 3): conventional axes in terms of the reduced ones
    setting: str


def to_common_setting(cells: ArrayLike, space_groups: Sequence[str]) -> CommonSetting:
    """Bring cells to one setting: reduced cells, the axes nearest to the median, conventional axes.

    Parameters
    ----------
    cells
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees.
    space_groups
        One a cell, see :func:`beamloop.unit_cells.symmetry.symmetry_of`; empty where it is not known.

    Returns
    -------
    CommonSetting
        Cells that are alike in some axes come in the conventional axes of the majority of them: "reduced"
        where they are triclinic, "as given" where no symmetry is known. Cells of another lattice come in the
        same axes where their symmetry is the same, so that a doubled axis shows as such, else in a common
        setting of their own.

    Raises
    ------
    InvalidInputError
        When one of the cells is none, or there is no such space group.
    ValueError
        When there are not as many space groups as cells.
    """
    given = as_cells(cells)
    if len(space_groups) != len(given):
        raise ValueError(f"{len(given)} cells have {len(space_groups)} space groups.")
    lattices = reduced_lattices(given, space_groups)
    symmetries = [symmetry_of(symbol) for symbol in space_groups]
    settings = [symmetry.setting for symmetry in symmetries]
    axes = np.array(
        [
            reduced if symmetry.conventional is None else symmetry.conventional
            for symmetry, reduced in zip(symmetries, lattices.axes, strict=True)
        ]
    )
    kept = np.ones(len(given), dtype=bool)
    for frame in _frames(lattices):
        axes[frame.rows] = frame.conventional @ base_changes()[frame.fit.changes] @ lattices.axes[frame.rows]
        kept[frame.rows] = frame.fit.symmetry_kept
        for row in frame.rows:
            settings[row] = frame.setting
    return CommonSetting(
        cells=cells_of_metrics(in_basis(metric_tensors(given), axes)),
        operators=tuple(triplet(rows) for rows in axes),
        name=_name(settings),
        settings=tuple(settings),
        symmetry_kept=tuple(bool(value) for value in kept),
    )


def _frames(lattices: Lattices) -> list[_Frame]:
    """Sort cells by lattice, the middle one of those that wait first."""
    frames: list[_Frame] = []
    waiting = np.arange(len(lattices.symbols))
    while len(waiting) and len(frames) < MOST_LATTICES:
        frame = _frame(lattices, waiting)
        frames.append(_aligned(frame, frames[0], lattices) if frames else frame)
        waiting = np.setdiff1d(waiting, frame.rows)
    return frames


def _frame(lattices: Lattices, waiting: Integers) -> _Frame:
    """Gather the cells that are like the middle one of those that wait."""
    middle = lattices.middle(waiting)
    rotations = lattices.rotations[lattices.kinds[middle]]
    reference = six_products(lattices.metrics[[middle]])[0]
    allowed = lattices.allowed(rotations)
    fit = fit_to(reference, allowed, lattices, waiting)
    rows = waiting[fit.worst <= ALIKE]
    changes = fit.changes[fit.worst <= ALIKE]
    for _ in range(MOST_ROUNDS):
        metrics = in_basis(lattices.metrics[rows], base_changes()[changes])
        reference = np.median(six_products(metrics), axis=0)
        fit = fit_to(reference, allowed, lattices, rows)
        if np.array_equal(fit.changes, changes):
            break
        changes = fit.changes
    conventional, setting = _conventional_axes(lattices, rows, fit)
    tie = max(TIE, SCATTER * float(np.median(fit.cost)))
    fit = fit_to(reference, allowed, lattices, rows, conventional, tie)
    return _Frame(rows, fit, reference, rotations, conventional, setting)


def _conventional_axes(lattices: Lattices, rows: Integers, fit: Fit) -> tuple[Floats, str]:
    """Return the conventional axes in terms of the common reduced ones, shape (3, 3), and their name.

    They are those of the space group that most of the cells have, as its most typical cell has them.
    """
    symbol, _ = Counter(lattices.symbols[row] for row in rows).most_common(1)[0]
    symmetry = symmetry_of(symbol)
    if symmetry.conventional is None:
        return np.eye(3), symmetry.setting
    typical = min(
        (place for place, row in enumerate(rows) if lattices.symbols[row] == symbol),
        key=lambda place: fit.worst[place],
    )
    reduced = base_changes()[fit.changes[typical]] @ lattices.axes[rows[typical]]
    return symmetry.conventional @ np.linalg.inv(reduced), symmetry.setting


def _aligned(frame: _Frame, main: _Frame, lattices: Lattices) -> _Frame:
    """Show another lattice in the axes of the first, where their symmetry is the same."""
    metrics = in_basis(lattices.metrics[frame.rows], base_changes()[frame.fit.changes])
    typical = int(frame.fit.worst.argmin())
    reduced = base_changes()[frame.fit.changes[typical]] @ lattices.axes[frame.rows[typical]]
    effort = effort_of_changes(reduced[None], main.conventional)[0]
    change = align(main.reference, main.rotations, metrics[typical], frame.rotations, effort)
    if change is None:
        return frame
    return replace(frame, conventional=main.conventional @ change, setting=main.setting)


def _name(settings: Sequence[str]) -> str:
    """Name the setting; several with their counts, the most frequent first."""
    counts = Counter(settings).most_common()
    if len(counts) == 1:
        return settings[0]
    return ", ".join(f"{setting} ({count})" for setting, count in counts)
