"""Read a plain table of unit cells, as BLEND's users keep them."""

import re
from pathlib import Path

import numpy as np

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.cell_arrays import is_cell
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.symmetry import symmetry_of

COMMENT = re.compile(r"[#!].*")
LARGEST_BYTES = 50_000_000  # a million cells; more is another kind of file
# Bounds that only another unit leaves: metals have 2 A, the largest virus crystals 1300 A.
SMALLEST_LENGTH_ANGSTROM, LARGEST_LENGTH_ANGSTROM = 1.0, 2000.0
ADVICE = (
    "A line holds a, b, c in angstrom and alpha, beta, gamma in degrees, such as "
    '"98.3 98.3 136.6 90 90 120", then the space group where it is known; comments begin with #.'
)


def read_cell_table(path: Path, space_group: str = "") -> tuple[DataSet, ...]:
    """Read a table of cells: six numbers a line, separated by blanks or commas, then perhaps a space group.

    Parameters
    ----------
    path
        The file; # and ! begin comments, empty lines do not count.
    space_group
        Of the lines that name none; empty where it is not known.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, or a line is no cell: with the line's number and what it should be.
    """
    symmetry_of(space_group)
    lines = _text(path).splitlines()
    found = [
        _data_set(path, number, content, space_group)
        for number, line in enumerate(lines, start=1)
        if (content := COMMENT.sub("", line).strip())
    ]
    if not found:
        raise InvalidInputError(f"{path} holds no unit cells.", try_next=ADVICE)
    return tuple(found)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InvalidInputError(f"{path} is too large for a table of cells.", try_next=ADVICE)
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidInputError(
            f"{path} cannot be read: {words}.", try_next="Give a table of cells, or an .expt file."
        ) from error


def _data_set(path: Path, number: int, content: str, space_group: str) -> DataSet:
    fields = content.replace(",", " ").replace(";", " ").split()
    where = f"{path}, line {number}"
    try:
        cell = tuple(float(field) for field in fields[:6])
    except ValueError as error:
        raise InvalidInputError(
            f"{where}: {content!r} does not begin with numbers.", try_next=ADVICE
        ) from error
    if len(cell) < 6:
        raise InvalidInputError(f"{where} has {len(cell)} numbers, not six.", try_next=ADVICE)
    if not is_cell(np.array([cell]))[0]:
        raise InvalidInputError(
            f"{where}: no crystal has the cell {content!r}.",
            try_next="Lengths are positive, angles between 0 and 180 degrees and possible together.",
        )
    if not all(SMALLEST_LENGTH_ANGSTROM <= length <= LARGEST_LENGTH_ANGSTROM for length in cell[:3]):
        raise InvalidInputError(f"{where}: {content!r} is not in angstrom.", try_next=ADVICE)
    symbol = " ".join(fields[6:])
    try:
        symmetry_of(symbol)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{where}: after six numbers stands {symbol!r}, which is no space group.", try_next=ADVICE
        ) from error
    return DataSet(cell=cell, space_group=symbol or space_group, path=str(path), place=f"line {number}")
