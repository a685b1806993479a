"""Read `.refl` files, which are MessagePack, without DIALS.

Layout (dials/array_family/reflection_table_msgpack_adapter.h of 3.12.1): an array of the
text "dials::af::reflection_table", the number 1, and a map of "identifiers", "nrows" and "data"; each column
is an array of its type's name and an array of length and raw little-endian bytes. Files of DIALS 3.30 have
the number 2, and other shoeboxes, which are not read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from beamloop.errors import InvalidInputError

FILE_TYPE = "dials::af::reflection_table"
# What Beamloop writes: every DIALS since 2 reads it.
FORMAT_VERSION = 1
READABLE_VERSIONS = (FORMAT_VERSION, 2)
PICKLE_START = b"\x80"  # protocol 2 and later; no MessagePack array of three begins so

# DIALS's name of an element's type: its numpy type and how many make one row.
COLUMN_TYPES: Mapping[str, tuple[str, int]] = {
    "bool": ("?", 1),
    "int": ("<i4", 1),
    "std::size_t": ("<u8", 1),
    "double": ("<f8", 1),
    "vec2<double>": ("<f8", 2),
    "vec3<double>": ("<f8", 3),
    "mat3<double>": ("<f8", 9),
    "int6": ("<i4", 6),
    "cctbx::miller::index<>": ("<i4", 3),
}


class Flag(IntFlag):
    """What DIALS knows of a reflection: bits of the column "flags"; the words are DIALS's.

    Source: dials/array_family/reflection_table.h.
    """

    PREDICTED = 1 << 0
    OBSERVED = 1 << 1
    INDEXED = 1 << 2
    USED_IN_REFINEMENT = 1 << 3
    STRONG = 1 << 5
    INTEGRATED_SUM = 1 << 8
    INTEGRATED_PRF = 1 << 9
    CENTROID_OUTLIER = 1 << 17


@dataclass(frozen=True, slots=True)
class ReflectionTable:
    """The columns of one `.refl` file, except shoeboxes and texts."""

    row_count: int  # 61
    identifiers: Mapping[int, str]  # {0: "e8e0559f-6642-2b19-2aab-dee88127b1de"}
    columns: Mapping[str, NDArray[Any]]  # "xyzobs.px.value": shape (61, 3)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column, shape (n,), or (n, k) for vectors; raise InvalidInputError if it is not there."""
        try:
            return self.columns[name]
        except KeyError as error:
            raise InvalidInputError(
                f"The reflections have no column {name!r}.",
                evidence=f"columns: {', '.join(sorted(self.columns))}",
                try_next="Use the output of the DIALS program that calculates it.",
            ) from error

    def has(self, flag: Flag) -> NDArray[np.bool_]:
        """Tell which rows have all bits of a flag, shape (n,)."""
        bits = np.uint64(flag)
        return np.asarray(self["flags"] & bits == bits)


def read_reflections(path: Path) -> ReflectionTable:
    """Read a reflection table of DIALS 2 or 3.

    Parameters
    ----------
    path
        The `.refl` file.

    Raises
    ------
    InvalidInputError
        When the file is not there, cut short, a pickle of DIALS 1, or no reflection table.
    """
    try:
        content = path.read_bytes()
        if content.startswith(PICKLE_START):
            raise ValueError("it is a pickle of DIALS 1, which Beamloop does not read")
        # raw: texts of other programs may be no UTF-8.
        file_type, version, table = msgpack.unpackb(content, raw=True, strict_map_key=False)
        if file_type != FILE_TYPE.encode() or version not in READABLE_VERSIONS:
            raise ValueError("it begins like a file of another kind or version")
        return _table(table)
    except msgpack.ExtraData as error:  # its own text holds all the data
        raise _unreadable(path, "something follows what should be its end") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"{path} cannot be read as a DIALS reflection table: {reason}.",
        try_next="Run the step that wrote it again. A pickle of DIALS 1 is converted under the DIALS Python: "
        "flex.reflection_table.from_file(OLD).as_file(NEW).",
    )


def _table(table: Mapping[bytes, Any]) -> ReflectionTable:
    row_count = int(table[b"nrows"])
    columns = {}
    for name, (type_name, content) in table[b"data"].items():
        kind = COLUMN_TYPES.get(type_name.decode())
        if kind is None:  # shoeboxes and texts have no fixed width
            continue
        dtype, width = kind
        values = np.frombuffer(content[1], dtype=dtype)
        columns[name.decode()] = values.reshape((row_count, width) if width > 1 else (row_count,))
    identifiers = {int(number): text.decode() for number, text in table[b"identifiers"].items()}
    return ReflectionTable(row_count, identifiers, columns)
