"""Check what a person says of a sample: space group and unit cell."""

import gemmi

from beamloop.errors import InvalidInputError
from beamloop.records.sample import Sample, UnitCell

# Bounds that only a slip of the pen leaves: metals have 2 A, the largest virus crystals 1300 A.
SMALLEST_LENGTH_ANGSTROM = 1.0
LARGEST_LENGTH_ANGSTROM = 2000.0
# A person types cells to three digits; a few percent off the symmetry is a typing error.
SYMMETRY_TOLERANCE = 0.02


def parse_space_group(text: str) -> str:
    """Return the Hermann-Mauguin symbol of a space group, as DIALS reads it.

    Parameters
    ----------
    text
        "H 3", "H3", "P212121" or a number such as "146".

    Raises
    ------
    InvalidInputError
        When there is no such group, or it has mirrors or inversions, which no protein crystal has.
    """
    group = gemmi.find_spacegroup_by_name(text.strip())
    if group is None and text.strip().isdigit():
        group = gemmi.find_spacegroup_by_number(int(text))
    if group is None:
        raise InvalidInputError(
            f"There is no space group {text!r}.",
            try_next='Give a Hermann-Mauguin symbol such as "P 21 21 21" or "H 3".',
        )
    if not group.is_sohncke():
        raise InvalidInputError(
            f"The space group {group.hm} has mirrors or inversions, which chiral molecules do not allow.",
            try_next="Give one of the 65 Sohncke groups.",
        )
    symbol = str(group.hm)
    return {"H": f"H{symbol[1:]}", "R": f"{symbol}:R"}.get(str(group.ext), symbol)


def parse_unit_cell(text: str) -> UnitCell:
    """Return the cell of "a,b,c,alpha,beta,gamma" (angstrom, degrees).

    Raises
    ------
    InvalidInputError
        When these are not six numbers that make a cell.
    """
    advice = "Give a,b,c in angstrom and the angles in degrees, such as 98.3,98.3,136.6,90,90,120."
    try:
        values = [float(part) for part in text.replace(",", " ").split()]
    except ValueError as error:
        raise InvalidInputError(f"The unit cell {text!r} is not six numbers.", try_next=advice) from error
    if len(values) != 6:
        raise InvalidInputError(f"The unit cell {text!r} has {len(values)} numbers.", try_next=advice)
    lengths_fit = all(SMALLEST_LENGTH_ANGSTROM <= x <= LARGEST_LENGTH_ANGSTROM for x in values[:3])
    angles_fit = all(0 < x < 180 for x in values[3:])
    if not (lengths_fit and angles_fit and gemmi.UnitCell(*values).volume > 0):
        raise InvalidInputError(f"No crystal has the unit cell {text!r}.", try_next=advice)
    return UnitCell(*values)


def parse_sample(space_group: str | None, unit_cell: str | None) -> Sample:
    """Return a sample's prior knowledge from a person's words; None where nothing is said.

    Raises
    ------
    InvalidInputError
        As of its two parts, or when the cell contradicts the space group.
    """
    symbol = parse_space_group(space_group) if space_group else None
    cell = parse_unit_cell(unit_cell) if unit_cell else None
    return checked_sample(symbol, cell)


def checked_sample(symbol: str | None, cell: UnitCell | None) -> Sample:
    """Return a sample whose cell obeys its space group.

    Raises
    ------
    InvalidInputError
        When the cell contradicts the space group.
    """
    if symbol and cell:
        group = gemmi.find_spacegroup_by_name(symbol)
        if not gemmi.UnitCell(*cell.as_tuple()).is_compatible_with_spacegroup(group, SYMMETRY_TOLERANCE):
            raise InvalidInputError(
                f"The unit cell {cell} does not obey the symmetry of {symbol}.",
                try_next="Correct one of the two.",
            )
    return Sample(symbol, cell)
