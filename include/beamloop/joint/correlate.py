"""The correlations of the crystal that gains most: by itself, and with the others."""

import numpy as np

from beamloop.dials_cli.correlations import correlate_parameters
from beamloop.dials_cli.paths import relative_to
from beamloop.joint.crystals import Pair
from beamloop.joint.refine_together import Refined
from beamloop.joint.work import JointWork
from beamloop.records.program import ProgramResult
from beamloop.unit_cells.cell_arrays import Floats

FOLDER = "correlations"
MOMENTS = ("alone", "joint")


def furthest_off(cells: Floats) -> int:
    """Return the place of the cell whose axes differ most from the median; cells of shape (n, 6)."""
    lengths = cells[:, :3]
    return int(np.argmax(np.abs(lengths / np.median(lengths, axis=0) - 1).max(axis=1)))


def correlate(work: JointWork, refined: Refined, place: int) -> list[ProgramResult]:
    """Calculate the correlations of one crystal; without them there is only a plot less.

    Parameters
    ----------
    work
        The step, with refined.expt and refined.refl in its folder.
    refined
        What they hold.
    place
        Of the crystal in them.
    """
    # A crystal's own files hold it alone, so its place in them is the first.
    alone = refined.crystals[place].files
    joint = (work.staging / "refined.expt", work.staging / "refined.refl")
    return [
        _correlate(work, MOMENTS[0], alone, 0),
        _correlate(work, MOMENTS[1], joint, place),
    ]


def _correlate(work: JointWork, moment: str, files: Pair, position: int) -> ProgramResult:
    folder = work.staging / FOLDER
    folder.mkdir(exist_ok=True)
    return correlate_parameters(
        work.dials,
        folder,
        *(relative_to(folder, path) for path in files),
        position=position,
        output=f"{moment}.json",
        options=work.joint.options.refine,
        limits=work.limits,
    )
