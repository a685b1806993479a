"""The tables of a candidate's evidence as plain values; docs/json.md describes them.

Before is the geometry that the data were imported with, `whole` the detector moved as one body (level 0),
after the candidate; the same reflections on all three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.correlations import Correlations
from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.geometry.hierarchy import parts_at
from beamloop.geometry.models import Document
from beamloop.geometry.panels import whole_detector
from beamloop.metrology.levels import Level, fixed_parts, kind_of_parts

FORMAT = 1
SHELLS = 6  # of resolution, with as many held-out reflections each
PANEL_PARAMETERS = ("Shift1", "Shift2", "Tau1", "Tau2", "Tau3")

Mask = NDArray[np.bool_]


def rmsd_row(comparison: GeometryComparison, chosen: int, rows: Mask | None = None) -> dict[str, Any]:
    """Return RMSDs along x and y in mm before, with level 0 and with the chosen level.

    Parameters
    ----------
    comparison
        With the geometries as imported, of level 0, of level 1 ...
    chosen
        The candidate's level.
    rows
        Which reflections, shape (n,); None: all.
    """
    count = len(comparison.panel) if rows is None else int(rows.sum())
    return {
        "count": count,
        "rmsd_before_mm": comparison.rmsd_mm(0, rows),
        "rmsd_whole_mm": comparison.rmsd_mm(1, rows),
        "rmsd_after_mm": comparison.rmsd_mm(1 + chosen, rows),
    }


def level_row(level: Level, models: Document, held_out: GeometryComparison) -> dict[str, Any]:
    """Return what a level came to; `models` as refined at it or below."""
    return {
        "level": level.level,
        "parts": kind_of_parts(models, level.level),
        "part_count": len(parts_at(models, level.level)),
        "used_count": level.used_count,
        "rmsd_mm": level.rmsd_mm,
        "rmsd_phi_deg": level.rmsd_phi_deg,
        "held_out_rmsd_mm": held_out.rmsd_mm(1 + level.level),
        "fixed_parts": fixed_parts(models, level),
        "fixed_panels": list(level.fixed_panels),
    }


def shell_table(
    refined: GeometryComparison, held_out: GeometryComparison, chosen: int
) -> list[dict[str, Any]]:
    """Return a row for each shell of resolution, from low to high, with as many held-out reflections each."""
    s2 = 1 / held_out.d_angstrom**2
    edges = np.quantile(s2, np.linspace(0, 1, SHELLS + 1))
    rows = []
    for least, greatest in pairwise(edges):
        ours, theirs = (
            (1 / one.d_angstrom**2 >= least) & (1 / one.d_angstrom**2 <= greatest)
            for one in (refined, held_out)
        )
        rows.append(
            {
                "d_max_angstrom": float(least**-0.5),
                "d_min_angstrom": float(greatest**-0.5),
                "refined": rmsd_row(refined, chosen, ours),
                "held_out": rmsd_row(held_out, chosen, theirs),
            }
        )
    return rows


def whole_table(header: Document, start: Document, refined: Document) -> dict[str, Any]:
    """Return distance, beam centre and tilts as the headers have them, as imported, and refined."""
    documents = {"header": header, "before": start, "after": refined}
    return {name: asdict(whole_detector(document)) for name, document in documents.items()}


def correlation_table(found: Correlations, parts: Sequence[str]) -> list[dict[str, Any]]:
    """Return how each part's distance correlates with its other parameters and with the cell.

    Parameters
    ----------
    found
        Of the refinement at the candidate's level.
    parts
        Names of the groups of that level, in DIALS's order.

    Returns
    -------
    list
        For each refined part the parameter with the largest coefficient by amount, over residuals in X and Y
        together.
    """
    places = {label: place for place, label in enumerate(found.labels)}
    cell = [label for label in found.labels if "g_param" in label]
    rows = []
    for number, part in enumerate(parts, start=1):
        own = f"Detector1Group{number}" if f"Detector1Group{number}Dist" in places else "Detector1"
        distance = places.get(f"{own}Dist")
        if distance is None:
            continue
        others = {name: places[f"{own}{name}"] for name in PANEL_PARAMETERS if f"{own}{name}" in places}
        rows.append(
            {
                "part": part,
                "with_own": _largest(found.on_detector, distance, others),
                "with_cell": _largest(found.on_detector, distance, {label: places[label] for label in cell}),
            }
        )
    return rows


def _largest(matrix: NDArray[np.float64], row: int, columns: Mapping[str, int]) -> dict[str, Any] | None:
    found = [(float(matrix[row, column]), name) for name, column in columns.items()]
    if not found:
        return None
    value, name = max(found, key=lambda one: abs(one[0]))
    return {"coefficient": value, "parameter": name}
