"""Give the crystal of an `.expt` file other axes: what dials.index then starts from."""

import json
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from beamloop.errors import InvalidInputError


def primitive_axes(space_group: str) -> NDArray[np.float64]:
    """Return primitive axes in terms of a space group's conventional ones, shape (3, 3), rows.

    Parameters
    ----------
    space_group
        Hermann-Mauguin symbol, e.g. "H 3"; one that is not known is taken for primitive.
    """
    group = gemmi.find_spacegroup_by_name(space_group)
    if group is None:
        return np.eye(3)
    # gemmi's operation is of coordinates, x = P^T x'.
    return np.array(group.centred_to_primitive().rot, dtype=np.float64).T / gemmi.Op.DEN


def write_with_axes(experiments: Path, axes: NDArray[np.float64], target: Path) -> None:
    """Write an experiment list whose crystals have other axes and no symmetry.

    Parameters
    ----------
    experiments
        The `.expt` file of a scan-static crystal.
    axes
        New axes in terms of those that the file has, shape (3, 3), rows.
    target
        The file to write.

    Raises
    ------
    InvalidInputError
        When the file is no experiment list with crystals.
    """
    try:
        document = json.loads(experiments.read_bytes())
        document["crystal"] = [_with_axes(crystal, axes) for crystal in document["crystal"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{experiments} cannot be read as experiments with a crystal: {error!r}.",
            try_next="Run the step that wrote it again.",
        ) from error
    target.write_text(json.dumps(document, indent=2), "utf-8")


def _with_axes(crystal: dict[str, list[float]], axes: NDArray[np.float64]) -> dict[str, object]:
    rows = axes @ np.array([crystal[f"real_space_{axis}"] for axis in "abc"], dtype=np.float64)
    named = {f"real_space_{axis}": row.tolist() for axis, row in zip("abc", rows, strict=True)}
    return {"__id__": "crystal", **named, "space_group_hall_symbol": " P 1"}
