"""How the parameters of a refinement correlate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.run_script import run_script
from beamloop.errors import FETCH_AGAIN, InvalidInputError
from beamloop.records.program import ProgramLimits, ProgramResult


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations between the parameters of beam, detector and one crystal."""

    labels: tuple[str, ...]  # ("Detector1Dist", ..., "Beam1Mu2", "CrystalPhi1", ...), DIALS's names
    matrices: Mapping[str, NDArray[np.float64]]  # by residual: "X", "Y", "Phi"; each of shape (n, n)
    # Of X and Y together the normal matrix, scaled to 1 on its diagonal; shape (n, n), empty in older files.
    on_detector: NDArray[np.float64]


def correlate_parameters(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    *,
    position: int,
    output: str,
    options: Sequence[str] = (),
    limits: ProgramLimits,
) -> ProgramResult:
    """Calculate correlations at the models given; write them to `output`.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see :mod:`beamloop.dials_cli.programs`.
    experiments, reflections
        Refined ones.
    position
        The crystal's place in the list, counted from 0.
    output
        A file in `directory`, e.g. "joint.json".
    options
        Those of the refinement, as dials.refine takes them.
    """
    arguments = [str(experiments), str(reflections), str(position), output, *options]
    return run_script(
        dials,
        directory,
        "correlate_parameters.py",
        arguments,
        log_name=f"{output}.out",
        outputs=(output,),
        limits=limits,
    )


def read_correlations(path: Path) -> Correlations:
    """Read what :func:`correlate_parameters` has written.

    Raises
    ------
    InvalidInputError
        When it is no such file.
    """
    try:
        document = json.loads(path.read_bytes())
        matrices = {name: np.array(rows, dtype=float) for name, rows in document["matrices"].items()}
        on_detector = np.array(document.get("on_detector", []), dtype=float)
        return Correlations(tuple(document["labels"]), matrices, on_detector)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{path} cannot be read as correlations of parameters: {error!r}.",
            try_next=FETCH_AGAIN,
        ) from error
