"""Colours that colour-blind people tell apart, given to groups."""

from collections.abc import Mapping, Sequence

# Source: M. Okabe, K. Ito, Color Universal Design (2008); without yellow, which is pale on white, and
# vermilion, which is kept for outliers.
GROUP_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
OUTLIER_COLOUR = "#D55E00"
OTHER_COLOUR = "#6B6B6B"


def colours_of_cells(groups: Sequence[Sequence[int]]) -> Mapping[int, str]:
    """Return a colour for each serial number in a group of two or more, by the groups' order."""
    several = [group for group in groups if len(group) > 1]
    return {
        serial: GROUP_COLOURS[place % len(GROUP_COLOURS)]
        for place, group in enumerate(several)
        for serial in group
    }
