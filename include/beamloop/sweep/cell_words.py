"""What a found cell is to the one that was known, where it is another."""

from pathlib import Path

import numpy as np

from beamloop.dials_cli.experiments import read_experiments
from beamloop.records.sample import Sample
from beamloop.unit_cells.cell_arrays import metric_tensors
from beamloop.unit_cells.relations import relation_of

# Halfway, on the scale of ratios, between the same cell (1) and the next larger one (2).
ANOTHER_VOLUME = 2**0.5


def against_known(space_group: str, cell: tuple[float, ...], known: Sample) -> str:
    """Say which multiple of the known cell a cell is; "" where it is the known one or cannot be compared.

    Parameters
    ----------
    space_group, cell
        As found: a, b, c in angstrom, alpha, beta, gamma in degrees.
    known
        What was known of the sample; only a cell of the same space group is compared.
    """
    if known.unit_cell is None or known.space_group != space_group:
        return ""
    cells = np.array([cell, known.unit_cell.as_tuple()])
    own_a3, known_a3 = np.sqrt(np.linalg.det(metric_tensors(cells)))
    if 1 / ANOTHER_VOLUME < own_a3 / known_a3 < ANOTHER_VOLUME:
        return ""
    relation = relation_of(cells[0], cells[1], "the known cell's")
    return relation.words if relation else f"The cell is {own_a3 / known_a3:.2f} times the known one"


def multiple_of_known(experiments: Path, known: Sample) -> str:
    """Say the same of the first crystal of an `.expt` file, as a sentence; "" for the known cell."""
    crystal = read_experiments(experiments).experiments[0].crystal if known.unit_cell else None
    words = against_known(crystal.space_group, crystal.cell.as_tuple(), known) if crystal else ""
    return f" Mind the cell: {words}." if words else ""
