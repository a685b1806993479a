"""Axes in words: "1/2*a+1/2*b,-a,c", as `dials.reindex change_of_basis_op=` reads them."""

from fractions import Fraction

from beamloop.unit_cells.cell_arrays import Floats

SMALLEST_STEP = 24  # denominators of centred and rhombohedral axes are 2, 3, 4 and 6


def triplet(axes: Floats) -> str:
    """Write axes, shape (3, 3), rows in terms of the axes a, b, c."""
    return ",".join(_sum_of_axes(row) for row in axes)


def _sum_of_axes(row: Floats) -> str:
    terms = []
    for value, letter in zip(row, "abc", strict=True):
        factor = Fraction(float(value)).limit_denominator(SMALLEST_STEP)
        if factor:
            size = letter if abs(factor) == 1 else f"{abs(factor)}*{letter}"
            terms.append(f"{'-' if factor < 0 else '+'}{size}")
    return "".join(terms).removeprefix("+")
