"""Read summed intensities. Run by the DIALS Python: REFLECTIONS OUTPUT."""

import json
import sys
from pathlib import Path

from dials.array_family import flex  # type: ignore[import-not-found]


def main(reflections_path: str, output: str) -> None:
    """Write indices, resolution (angstrom), corrected intensity and sigma of whole reflections, as JSON."""
    table = flex.reflection_table.from_file(reflections_path)
    table = table.select(table.get_flags(table.flags.integrated_sum) & (table["partiality"] > 0.99))
    # "lp" is the factor that takes Lorentz and polarisation off.
    columns = {
        "hkl": [list(index) for index in table["miller_index"]],
        "d_angstrom": list(table["d"]),
        "intensity": list(table["intensity.sum.value"] * table["lp"]),
        "sigma": list(flex.sqrt(table["intensity.sum.variance"]) * table["lp"]),
    }
    Path(output).write_text(json.dumps(columns))


if __name__ == "__main__":
    main(*sys.argv[1:])
