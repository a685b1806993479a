"""A detector's face as the browser draws it: its panels' corners, seen along the beam."""

import json
from functools import lru_cache
from typing import Any

import numpy as np

from beamloop.errors import InvalidInputError
from beamloop.geometry.panels import mean_axes, panels_of, whole_detector
from beamloop.records.artifact import StoredObject
from beamloop_ui.health import store

KEPT = 32  # faces of 60 panels: 10 kB each
CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


@lru_cache(maxsize=KEPT)
def read_face(stored: StoredObject) -> dict[str, Any]:
    """Return the corners of a geometry's panels, in the file's order, and where the beam meets them.

    Lengths in mm from the mean of the panels' centres: x along the mean fast axis, y square to it,
    as an image viewer shows them, x to the right and y downwards.

    Raises
    ------
    ArtifactMissingError, ArtifactDamagedError, StoreUnavailableError
        As the store says.
    InvalidInputError
        When the file is no geometry.
    """
    try:
        document = json.loads(b"".join(store().stream(stored.key, sha256=stored.sha256)))
        panels, whole = panels_of(document), whole_detector(document)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InvalidInputError(
            "The geometry's models cannot be drawn.",
            evidence=repr(error),
            try_next="`dials.show` of the version's file models.expt tells the fault.",
        ) from error
    weights = panels.sizes_mm.prod(axis=1)
    centre = np.average(panels.centres_mm, axis=0, weights=weights)
    axes = mean_axes(panels)[:2]
    corners = panels.centres_mm[:, None, :] + np.einsum(
        "pck,pkj->pcj", panels.sizes_mm[:, None, :] / 2 * CORNERS, panels.axes[:, :2]
    )
    faces = (corners - centre) @ axes.T
    return {
        "panels_mm": np.round(faces, 3).tolist(),
        "beam_mm": [round(whole.beam_fast_mm, 3), round(whole.beam_slow_mm, 3)],
    }
