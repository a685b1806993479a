"""Take the spots that a lattice left over out of an indexed reflection table, without DIALS."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from beamloop.dials_cli.reflection_table import (
    COLUMN_TYPES,
    FILE_TYPE,
    FORMAT_VERSION,
    Flag,
    ReflectionTable,
    read_reflections,
)

# What dials.find_spots knows of a spot; everything else belongs to the lattice that was tried.
SPOT_COLUMNS: Mapping[str, str] = {
    "bbox": "int6",
    "flags": "std::size_t",
    "id": "int",
    "imageset_id": "int",
    "intensity.sum.value": "double",
    "intensity.sum.variance": "double",
    "n_signal": "int",
    "panel": "std::size_t",
    "xyzobs.px.value": "vec3<double>",
    "xyzobs.px.variance": "vec3<double>",
}


def write_unindexed(indexed_refl: Path, target: Path) -> int:
    """Write the spots without indices as a table like strong.refl, without shoeboxes.

    Parameters
    ----------
    indexed_refl
        What dials.index wrote; it keeps the spots that it could not index.
    target
        The file to write.

    Returns
    -------
    int
        How many spots there are.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or not of dials.index.
    """
    table = read_reflections(indexed_refl)
    rows = np.flatnonzero(~table.has(Flag.INDEXED))
    columns = {name: _column(table, name)[rows] for name in SPOT_COLUMNS if name in table.columns}
    data = {
        name: [SPOT_COLUMNS[name], [len(rows), _bytes(values, SPOT_COLUMNS[name])]]
        for name, values in columns.items()
    }
    content = [FILE_TYPE, FORMAT_VERSION, {"identifiers": {}, "nrows": len(rows), "data": data}]
    target.write_bytes(msgpack.packb(content))
    return len(rows)


def _column(table: ReflectionTable, name: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a column as it was before indexing, which sets the experiment of unindexed spots to -1."""
    if name == "id":
        return table["imageset_id"] if "imageset_id" in table.columns else np.zeros_like(table["id"])
    if name == "flags":
        return np.full_like(table["flags"], int(Flag.STRONG))
    return table[name]


def _bytes(values: np.ndarray[Any, np.dtype[Any]], type_name: str) -> bytes:
    return values.astype(COLUMN_TYPES[type_name][0]).tobytes()
