"""How far the same reflections lie from where several geometries predict them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.run_script import run_script
from beamloop.errors import FETCH_AGAIN, InvalidInputError
from beamloop.records.program import ProgramLimits, ProgramResult

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GeometryComparison:
    """n reflections, and their residuals with each of several geometries."""

    experiment: NDArray[np.int64]  # (n,), place in the experiment list
    panel: NDArray[np.int64]  # (n,), counted from 0
    xy_px: Floats  # (n, 2), observed, along the panel's fast and slow axes
    d_angstrom: Floats  # (n,)
    # For each geometry (n, 3): calculated less observed, x and y in mm along fast and slow, phi in rad.
    residuals: tuple[Floats, ...]

    def rmsd_mm(self, geometry: int, chosen: NDArray[np.bool_] | None = None) -> tuple[float, float] | None:
        """Return the root mean square residuals along x and y of some reflections, all where none is said.

        Parameters
        ----------
        geometry
            Its place in `residuals`.
        chosen
            Shape (n,).

        Returns
        -------
        tuple or None
            None where there is no reflection.
        """
        values = self.residuals[geometry][:, :2]
        values = values if chosen is None else values[chosen]
        if not len(values):
            return None
        x_mm, y_mm = np.sqrt(np.mean(values**2, axis=0))
        return float(x_mm), float(y_mm)


def compare_geometries(
    dials: Dials,
    directory: Path,
    experiments: Path,
    reflections: Path,
    geometries: Sequence[Path],
    *,
    output: str,
    limits: ProgramLimits,
) -> ProgramResult:
    """Refine cells and orientations with each geometry held fixed; write the residuals to `output`.

    Parameters
    ----------
    dials, directory, limits
        As for all programs, see :mod:`beamloop.dials_cli.programs`.
    experiments, reflections
        Refined ones: those used in refinement are compared, the same with every geometry.
    geometries
        `.expt` files of one beam and one detector.
    output
        A file in `directory`, e.g. "held_out.npz".
    """
    return run_script(
        dials,
        directory,
        "compare_geometries.py",
        [str(experiments), str(reflections), output, *map(str, geometries)],
        log_name=f"{output}.out",
        outputs=(output,),
        limits=limits,
    )


def read_comparison(path: Path) -> GeometryComparison:
    """Read what :func:`compare_geometries` has written.

    Raises
    ------
    InvalidInputError
        When it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return _comparison(file)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InvalidInputError(
            f"{path} cannot be read as residuals with several geometries: {error!r}.",
            try_next=FETCH_AGAIN,
        ) from error


def _comparison(file: Any) -> GeometryComparison:
    count = sum(1 for name in file if name.startswith("residual_"))
    return GeometryComparison(
        experiment=file["experiment"].astype(np.int64),
        panel=file["panel"].astype(np.int64),
        xy_px=file["xy_px"],
        d_angstrom=file["d_angstrom"],
        residuals=tuple(file[f"residual_{number}"] for number in range(count)),
    )
