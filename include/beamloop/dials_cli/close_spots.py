"""How many spots a lattice predicts closely, counted from what dials.index wrote."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from beamloop.dials_cli.experiments import ExperimentSummary
from beamloop.dials_cli.reflection_table import Flag, read_reflections


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
        # rlp is in the laboratory frame with the goniometer at its datum, 1/angstrom, as A is: h = A^-1 r.
        inverse = np.linalg.inv(np.reshape(experiment.crystal.a_matrix, (3, 3)))
        fractional = table["rlp"][own] @ inverse.T
        distance = np.linalg.norm(fractional - table["miller_index"][own], axis=1)
        count += int((distance < tolerance).sum())
    return count
