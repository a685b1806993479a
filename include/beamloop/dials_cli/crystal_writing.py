"""Write crystals into `.expt` files: what dials.index then starts from.

Always in primitive axes and without symmetry, which is imposed by an option: DIALS 3.30 takes a centred
crystal for a primitive one. Then it crashes, or its cell is too large: github.com/dials/dials/issues/3279.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.crystal import space_group_symbol
from beamloop.errors import FETCH_AGAIN, InvalidInputError


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


def primitive_crystal(crystal: Mapping[str, Any]) -> dict[str, Any]:
    """Return a crystal in primitive axes, without symmetry and points along a scan.

    Parameters
    ----------
    crystal
        An entry of "crystal" in an `.expt` file.
    """
    axes = primitive_axes(space_group_symbol(crystal["space_group_hall_symbol"].strip()))
    return _crystal(axes @ _rows(crystal))


def write_primitive(experiments: Path, target: Path) -> None:
    """Write an experiment list whose crystals have primitive axes and no symmetry.

    Parameters
    ----------
    experiments
        The `.expt` file of crystals in any setting.
    target
        The file to write.

    Raises
    ------
    InvalidInputError
        When the file is no experiment list with crystals.
    """
    with _edited(experiments, target) as document:
        document["crystal"] = [primitive_crystal(crystal) for crystal in document["crystal"]]


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
    with _edited(experiments, target) as document:
        document["crystal"] = [_crystal(axes @ _rows(crystal)) for crystal in document["crystal"]]


def write_crystal(experiments: Path, rows: NDArray[np.float64], target: Path) -> None:
    """Write an experiment list whose experiments share a crystal without symmetry.

    Parameters
    ----------
    experiments
        The `.expt` file of imported images.
    rows
        The crystal's axes a, b, c, angstrom, shape (3, 3), in the laboratory frame with the goniometer at its
        datum.
    target
        The file to write.

    Raises
    ------
    InvalidInputError
        When the file is no experiment list.
    """
    with _edited(experiments, target) as document:
        document["crystal"] = [_crystal(rows)]
        for experiment in document["experiment"]:
            experiment["crystal"] = 0


@contextmanager
def _edited(experiments: Path, target: Path) -> Iterator[dict[str, Any]]:
    """Read an experiment list, and write it when it has been changed."""
    try:
        document = json.loads(experiments.read_bytes())
        yield document
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{experiments} cannot be read as experiments: {error!r}.",
            try_next=FETCH_AGAIN,
        ) from error
    target.write_text(json.dumps(document, indent=2), "utf-8")


def _rows(crystal: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the axes a, b, c of an entry of "crystal", angstrom, shape (3, 3), rows."""
    return np.array([crystal[f"real_space_{axis}"] for axis in "abc"], dtype=np.float64)


def _crystal(rows: NDArray[np.float64]) -> dict[str, Any]:
    named = {f"real_space_{axis}": row.tolist() for axis, row in zip("abc", rows, strict=True)}
    return {"__id__": "crystal", **named, "space_group_hall_symbol": " P 1"}
