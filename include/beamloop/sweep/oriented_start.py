"""Write the crystal of a known cell in its likeliest orientation beside imported images."""

from pathlib import Path

import numpy as np

from beamloop.dials_cli.crystal_writing import primitive_axes, write_crystal
from beamloop.dials_cli.spot_vectors import spot_vectors
from beamloop.records.sample import Sample
from beamloop.sweep.orientation import Orientation, find_orientation
from beamloop.unit_cells.cell_arrays import Floats, metric_tensors
from beamloop.unit_cells.reduction import niggli_bases


def write_oriented(experiments: Path, spots: Path, sample: Sample, target: Path) -> Orientation | None:
    """Write experiments with the known crystal as the spots have it most likely.

    Parameters
    ----------
    experiments, spots
        Imported images and what dials.find_spots found in them.
    sample
        Space group and cell.
    target
        The `.expt` file to write.

    Returns
    -------
    Orientation or None
        None, and no file, where no two spots fit the cell.

    Raises
    ------
    InvalidInputError
        When a file is not what it should be.
    """
    rows = _primitive_rows(sample)
    found = find_orientation(spot_vectors(experiments, spots), np.linalg.inv(rows).astype(np.float64))
    if found:
        write_crystal(experiments, rows @ found.rotation.T, target)
    return found


def _primitive_rows(sample: Sample) -> Floats:
    """Return the reduced axes of the known lattice, angstrom, shape (3, 3), rows, in some orientation."""
    if sample.space_group is None or sample.unit_cell is None:
        raise ValueError("an orientation is looked for where space group and cell are known")
    metric = metric_tensors(np.array([sample.unit_cell.as_tuple()]))[0]
    rows = primitive_axes(sample.space_group) @ np.linalg.cholesky(metric)
    return np.asarray(niggli_bases((rows @ rows.T)[None])[0] @ rows)
