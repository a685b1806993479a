"""What DIALS makes of the three sweeps of L-cysteine, version by version."""

from typing import NamedTuple


class Figures(NamedTuple):
    """Of one sweep, its distance refined."""

    indexed_count: int
    rmsd_x_px: float
    rmsd_y_px: float
    integrated_count: int  # by summation


# Outlier rejection is repeatable only from 3.30 on: 10 %.
BEFORE = {
    "l-cyst_01": Figures(46, 0.126, 0.149, 75),
    "l-cyst_02": Figures(28, 0.170, 0.223, 67),
    "l-cyst_03": Figures(29, 0.146, 0.110, 60),
}
# dials.find_spots of 3.30.1 finds the spots beside the gaps between modules too, some of them cut: 63 and 46
# instead of 61 and 45 in sweeps 01 and 03, and the same in 02. From one strong.refl both versions refine to
# the same RMSDs, in all five digits that they print (decision 31).
SINCE = {
    "l-cyst_01": Figures(49, 0.146, 0.175, 71),
    "l-cyst_02": Figures(28, 0.170, 0.223, 67),
    "l-cyst_03": Figures(29, 0.157, 0.166, 62),
}
MEASURED_SINCE = (3, 30)  # no version in between was tried


def l_cysteine_figures(dials_version: str) -> dict[str, Figures]:
    """Return the figures of each sweep that this DIALS should come to."""
    major, minor = dials_version.split(".")[:2]
    return SINCE if (int(major), int(minor)) >= MEASURED_SINCE else BEFORE
