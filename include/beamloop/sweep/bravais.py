"""The symmetry of a lattice of unknown symmetry: what dials.refine_bravais_settings makes of it."""

import json
from dataclasses import dataclass
from pathlib import Path

from beamloop.errors import InvalidInputError

# The group of lowest symmetry that each lattice allows, since a lattice proves no more; from the lowest
# symmetry to the highest. Source: International Tables for Crystallography A, table 2.1.1.1.
LOWEST_GROUP = {
    "aP": "P 1",
    "mP": "P 2",
    "mC": "C 2",
    "mI": "I 2",
    "oP": "P 2 2 2",
    "oC": "C 2 2 2",
    "oI": "I 2 2 2",
    "oF": "F 2 2 2",
    "tP": "P 4",
    "tI": "I 4",
    "hR": "H 3",
    "hP": "P 3",
    "cP": "P 2 3",
    "cI": "I 2 3",
    "cF": "F 2 3",
}
# Symmetry operations of each lattice's holohedry without inversion: more are more symmetry.
ROTATIONS = {"a": 1, "m": 2, "o": 4, "t": 8, "hR": 6, "hP": 12, "c": 24}
# Standard deviations of the angles of narrow wedges are 0.02-0.2 deg, and a beam centre that is off by a
# pixel adds 0.3; cells that are near a higher symmetry by chance are mostly further away.
LARGEST_MISFIT_DEG = 0.8
# As DIALS judges settings itself where it has no correlation (bravais_settings.py).
LARGEST_RMSD_RATIO = 1.5
LOWEST_CORRELATION = 0.5
# Refinement in a wrong symmetry throws reflections out instead of raising the RMSD.
FEWEST_KEPT = 0.9
# With fewer spots the six numbers of a triclinic cell are too uncertain to contradict anything.
FEWEST_SPOTS = 40


@dataclass(frozen=True, slots=True)
class Setting:
    """One Bravais setting of a triclinic lattice."""

    lattice: str  # "hR"
    misfit_deg: float  # 0.26, largest angular difference of the metric symmetry
    rmsd_mm: float  # 0.045, of positions, refined in this setting
    spot_count: int  # 116, used in that refinement
    lowest_correlation: float | None  # of intensities over the symmetry; None where there are too few pairs

    @property
    def rotations(self) -> int:
        """How many rotations the lattice has."""
        return ROTATIONS.get(self.lattice) or ROTATIONS[self.lattice[0]]


def read_settings(summary: Path) -> list[Setting]:
    """Read bravais_summary.json.

    Raises
    ------
    InvalidInputError
        When it is no such file.
    """
    try:
        entries = json.loads(summary.read_bytes()).values()
        return [
            Setting(
                entry["bravais"],
                entry["max_angular_difference"],
                entry["rmsd"],
                entry["nspots"],
                entry["min_cc"],
            )
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{summary} cannot be read as a summary of Bravais settings: {error!r}.",
            try_next="Run the step index again.",
        ) from error


def clear_cut(settings: list[Setting]) -> Setting | None:
    """Return the setting of highest symmetry where the data leave no doubt, else None.

    A setting is consistent when its metric fits, its refinement is as good as the triclinic one and keeps
    its reflections, and the intensities, where they can tell, agree with it. The highest consistent one is
    clear-cut when it is the only one of so many rotations.

    Parameters
    ----------
    settings
        Of one lattice, the triclinic one among them.
    """
    triclinic = next((setting for setting in settings if setting.lattice == "aP"), None)
    if triclinic is None or triclinic.spot_count < FEWEST_SPOTS:
        return None
    consistent = [setting for setting in settings if _consistent(setting, triclinic)]
    highest = max((setting.rotations for setting in consistent), default=1)
    best = [setting for setting in consistent if setting.rotations == highest]
    return best[0] if len(best) == 1 and highest > 1 else None


def _consistent(setting: Setting, triclinic: Setting) -> bool:
    correlation = setting.lowest_correlation
    return (
        setting.misfit_deg <= LARGEST_MISFIT_DEG
        and setting.rmsd_mm <= LARGEST_RMSD_RATIO * triclinic.rmsd_mm
        and setting.spot_count >= FEWEST_KEPT * triclinic.spot_count
        and (correlation is None or correlation >= LOWEST_CORRELATION)
    )
