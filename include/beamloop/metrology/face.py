"""The detector's face as it is drawn: where each panel is on paper."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.geometry.models import Document
from beamloop.geometry.panels import mean_axes, panels_of

Floats = NDArray[np.float64]
FIELDS = (8, 4)  # of a panel, along fast and slow: modules are twice as wide as high


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Panels on paper: each point of a panel goes to corner + x fast + y slow. All in mm, slow downwards."""

    corners_mm: Floats  # (panels, 2)
    fast: Floats  # (panels, 2), where 1 mm along fast goes
    slow: Floats  # (panels, 2)
    sizes_mm: Floats  # (panels, 2)
    pixels_mm: Floats  # (panels, 2), size of a pixel

    def outline_mm(self, panel: int) -> Floats:
        """Return a panel's four corners on paper, in a round, shape (4, 2)."""
        return self.field_mm(panel, (0.0, 0.0), (1.0, 1.0))

    def field_mm(self, panel: int, start: tuple[float, float], end: tuple[float, float]) -> Floats:
        """Return the corners of a part of a panel, in a round, shape (4, 2); ends are shares of the panel."""
        (x0, y0), (x1, y1) = (np.array(point) * self.sizes_mm[panel] for point in (start, end))
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        return np.asarray(self.corners_mm[panel] + points @ np.stack([self.fast[panel], self.slow[panel]]))

    def centre_mm(self, panel: int) -> Floats:
        """Return a panel's centre on paper, shape (2,)."""
        return np.asarray(self.outline_mm(panel).mean(axis=0))


def face_of(document: Document) -> Face:
    """Return how a detector is drawn: as its image is, else as it looks from the sample.

    A curved detector is drawn as its image: seen from the sample, its outer panels would be narrow strips.
    """
    entries = document["detector"][0]["panels"]
    panels = panels_of(document)
    pixels_mm = np.array([entry["pixel_size"] for entry in entries], dtype=float)
    places = [tuple(entry.get("raw_image_offset", (0, 0))) for entry in entries]
    if len(set(places)) == len(entries):
        count = len(entries)
        fast, slow = np.tile([1.0, 0.0], (count, 1)), np.tile([0.0, 1.0], (count, 1))
        return Face(np.array(places) * pixels_mm, fast, slow, panels.sizes_mm, pixels_mm)
    paper = mean_axes(panels)[:2].T
    half = panels.sizes_mm / 2
    fast, slow = panels.axes[:, 0] @ paper, panels.axes[:, 1] @ paper
    corners = panels.centres_mm @ paper - half[:, :1] * fast - half[:, 1:] * slow
    return Face(corners, fast, slow, panels.sizes_mm, pixels_mm)


def field_medians(
    face: Face, comparison: GeometryComparison, geometry: int, axis: int, fewest: int
) -> dict[tuple[int, int, int], float]:
    """Return the median residual of each field of each panel.

    Parameters
    ----------
    face, comparison
        The panels, and the reflections.
    geometry
        Its place among those compared.
    axis
        0: along fast; 1: along slow.
    fewest
        Fields with fewer reflections are left out.

    Returns
    -------
    dict
        By panel, column and row of the field: calculated less observed, um.
    """
    residuals_um = 1e3 * comparison.residuals[geometry][:, axis]
    keys = np.column_stack([comparison.panel, fields_of(face, comparison)])
    order = np.lexsort(keys.T[::-1])
    starts = np.flatnonzero(np.any(np.diff(keys[order], axis=0, prepend=-1), axis=1))
    found: dict[tuple[int, int, int], float] = {}
    for rows in np.split(order, starts[1:]):
        if len(rows) >= fewest:
            panel, column, row = (int(value) for value in keys[rows[0]])
            found[panel, column, row] = float(np.median(residuals_um[rows]))
    return found


def fields_of(face: Face, comparison: GeometryComparison) -> NDArray[Any]:
    """Return column and row of the field in which each reflection lies, shape (n, 2)."""
    size_px = (face.sizes_mm / face.pixels_mm)[comparison.panel]
    fields = np.floor(comparison.xy_px / size_px * FIELDS).astype(int)
    return np.asarray(np.clip(fields, 0, np.array(FIELDS) - 1))


def covered_fractions(face: Face, comparison: GeometryComparison) -> Floats:
    """Return the share of each panel's fields that have a reflection, shape (panels,)."""
    found = np.unique(np.column_stack([comparison.panel, fields_of(face, comparison)]), axis=0)
    counts = np.bincount(found[:, 0], minlength=len(face.sizes_mm))
    return np.asarray(counts / (FIELDS[0] * FIELDS[1]))
