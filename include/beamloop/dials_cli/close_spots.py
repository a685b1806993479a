"""Where spots lie between the points of a lattice, from what dials.index wrote."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.crystal import CrystalSummary
from beamloop.dials_cli.experiments import ExperimentSummary
from beamloop.dials_cli.reflection_table import Flag, ReflectionTable, read_reflections

Floats = NDArray[np.float64]


def count_close(indexed_refl: Path, experiments: Sequence[ExperimentSummary], tolerance: float) -> int:
    """Count the indexed spots whose fractional index is within a distance of their whole index.

    Parameters
    ----------
    indexed_refl
        Of dials.index; 0 where it does not keep the spots' reciprocal lattice points (`rlp`).
    experiments
        The experiments it belongs to, in the file's order.
    tolerance
        Distance in the space of indices, e.g. 0.1.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table.
    """
    table = read_reflections(indexed_refl)
    if "rlp" not in table.columns:
        return 0
    count = 0
    for number, experiment in enumerate(experiments):
        if experiment.crystal is None:
            continue
        own = (table["id"] == number) & table.has(Flag.INDEXED)
        fractional = _fractional(table, experiment.crystal)[own]
        distance = np.linalg.norm(fractional - table["miller_index"][own], axis=1)
        count += int((distance < tolerance).sum())
    return count


def fractional_indices(indexed_refl: Path, crystal: CrystalSummary) -> Floats:
    """Return where all spots lie, those without an index too, shape (n, 3), in a crystal's axes.

    Parameters
    ----------
    indexed_refl
        Of dials.index; empty where it does not keep the spots' reciprocal lattice points (`rlp`).
    crystal
        The crystal it belongs to; blocks of a sweep share one.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table.
    """
    table = read_reflections(indexed_refl)
    return _fractional(table, crystal) if "rlp" in table.columns else np.empty((0, 3))


def _fractional(table: ReflectionTable, crystal: CrystalSummary) -> NDArray[Any]:
    # rlp is in the laboratory frame with the goniometer at its datum, 1/angstrom, as A is: h = A^-1 r.
    inverse = np.linalg.inv(np.reshape(crystal.a_matrix, (3, 3)))
    return np.asarray(table["rlp"] @ inverse.T)
