"""Experiment lists of simulated detectors, as DIALS writes them, without DIALS."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from beamloop.simulate.geometry import Geometry
from beamloop.simulate.pilatus import PIXEL_MM

Document = dict[str, Any]
HEADER_BEAM = (0.0, 0.0, -1.0)  # from source to sample


def experiment_list(
    geometry: Geometry, beam: Sequence[float] = HEADER_BEAM, *, group_at_mm: Sequence[float] = (0.0, 0.0, 0.0)
) -> Document:
    """Write a detector's modules as panels of one group, whose frame stands at a point of the laboratory."""
    panels = [
        {
            "name": panel.name,
            "type": "SENSOR_PAD",
            "fast_axis": list(panel.fast_axis),
            "slow_axis": list(panel.slow_axis),
            "origin": (np.array(panel.origin_mm) - group_at_mm).tolist(),
            "raw_image_offset": [0, 0],
            "image_size": list(panel.size_px),
            "pixel_size": [PIXEL_MM, PIXEL_MM],
            "trusted_range": [-1.0, 1e6],
            "thickness": 0.32,
            "material": "Si",
            "mu": 3.66,
            "identifier": "",
            "mask": [],
            "gain": 1.0,
            "pedestal": 0.0,
            "px_mm_strategy": {"type": "ParallaxCorrectedPxMmStrategy"},
        }
        for panel in geometry.panels
    ]
    hierarchy = {
        "name": "",
        "type": "",
        "fast_axis": [1.0, 0.0, 0.0],
        "slow_axis": [0.0, 1.0, 0.0],
        "origin": list(group_at_mm),
        "children": [{"panel": number} for number in range(len(panels))],
    }
    to_source = (-np.array(beam) / np.linalg.norm(beam)).tolist()
    return {
        "__id__": "ExperimentList",
        "experiment": [{"__id__": "Experiment", "identifier": "", "beam": 0, "detector": 0}],
        "beam": [{"__id__": "monochromatic", "direction": to_source, "wavelength": 0.9763}],
        "detector": [{"panels": panels, "hierarchy": hierarchy}],
        "goniometer": [],
    }


def corners_mm(document: Document) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return every panel's corners in the laboratory frame, shape (panels, 4, 3)."""
    detector = document["detector"][0]
    group = detector.get("hierarchy", {}).get("origin", (0.0, 0.0, 0.0))
    found = []
    for panel in detector["panels"]:
        edges = np.array(panel["image_size"]) * panel["pixel_size"]
        axes = np.array([panel["fast_axis"], panel["slow_axis"]])
        steps = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * edges
        found.append(np.array(panel["origin"]) + group + steps @ axes)
    return np.array(found)
