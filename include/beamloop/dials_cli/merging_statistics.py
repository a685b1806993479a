"""Read the table of statistics that dials.merge writes with output.json."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beamloop.errors import InvalidInputError
from beamloop.records.merging import ShellFigures

# Ours by theirs. In their file d_star_sq_min belongs to the end of high resolution: names are swapped there.
FRACTIONS = {
    "multiplicity": "multiplicity",
    "r_merge": "r_merge",
    "r_meas": "r_meas",
    "r_pim": "r_pim",
    "cc_half": "cc_one_half",
    "i_over_sigma": "i_over_sigma_mean",
    "completeness_percent": "completeness",
}

ALWAYS_REPORTED = "unit_cell_plots"  # of each wavelength


def read_merging_statistics(path: Path) -> tuple[ShellFigures, tuple[ShellFigures, ...]] | None:
    """Read overall statistics and those by shell; Friedel pairs count as equivalent.

    Parameters
    ----------
    path
        What `dials.merge output.json=` wrote.

    Returns
    -------
    ShellFigures
        Of all reflections.
    tuple of ShellFigures
        From low resolution to high. None for both where there were too few reflections for statistics: DIALS
        3.30 writes its report without them, where 3.12 crashes.

    Raises
    ------
    InvalidInputError
        When it is no such file, or holds several wavelengths.
    """
    try:
        document = json.loads(path.read_bytes())
        (of_wavelength,) = document.values()
        if ALWAYS_REPORTED in of_wavelength and "merging_stats" not in of_wavelength:
            return None
        statistics = of_wavelength["merging_stats"]
        overall = _shell(statistics["overall"])
        shells = tuple(
            _shell({name: values[number] for name, values in statistics.items() if isinstance(values, list)})
            for number in range(len(statistics["n_obs"]))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise InvalidInputError(
            f"{path.name} does not hold the statistics of one wavelength.",
            evidence=str(path),
            try_next="Merge sweeps of one wavelength only; `beamloop show COLLECTION` tells them apart.",
        ) from error
    return overall, shells


def _shell(values: Mapping[str, Any]) -> ShellFigures:
    ends = sorted(1 / math.sqrt(values[f"d_star_sq_{end}"]) for end in ("min", "max"))
    figures = {ours: _number(values[theirs]) for ours, theirs in FRACTIONS.items()}
    return ShellFigures(
        d_max_angstrom=ends[1],
        d_min_angstrom=ends[0],
        observation_count=values["n_obs"],
        unique_count=values["n_uniq"],
        **figures,
    )


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
