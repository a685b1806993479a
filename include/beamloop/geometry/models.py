"""Beam, detector and goniometer of a geometry, as an `.expt` file holds them.

Frame: DIALS's laboratory frame, lengths in mm, the sample at the origin.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from beamloop.dials_cli.detector import Matrix, panel_poses
from beamloop.errors import InvalidInputError
from beamloop.records.geometry import GeometryModels

Document = dict[str, Any]


def read_models(path: Path) -> Document:
    """Read an experiment list and leave out all but one beam, detector and goniometer.

    Parameters
    ----------
    path
        An `.expt` file, refined or imported.

    Returns
    -------
    dict
        An experiment list of one experiment, as DIALS reads it.

    Raises
    ------
    InvalidInputError
        When it is no experiment list, or its experiments have several detectors.
    """
    models, detector_count = _read(path)
    if detector_count > 1:
        raise InvalidInputError(
            f"{path} has {detector_count} detectors: a geometry is one.",
            try_next="Refine with one detector for all experiments (dials.combine_experiments "
            "reference_from_experiment.detector=0).",
        )
    return models


def first_models(path: Path) -> Document:
    """Read an experiment list as :func:`read_models` does, and take the models of the first experiment.

    Raises
    ------
    InvalidInputError
        When it is no experiment list.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[Document, int]:
    """Return the first experiment's models, and how many detectors there are."""
    try:
        document = json.loads(path.read_bytes())
        if document["__id__"] != "ExperimentList":
            raise KeyError("__id__")
        entries = document["experiment"]
        return _only_models(document, entries[0]), len({entry["detector"] for entry in entries})
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InvalidInputError(
            f"{path} cannot be read as a DIALS experiment list: {error!r}.",
            try_next="Give the refined.expt of dials.refine.",
        ) from error


def _only_models(document: Mapping[str, Any], entry: Mapping[str, Any]) -> Document:
    kept = {kind: document[kind][entry[kind]] for kind in ("beam", "detector")}
    if entry.get("goniometer") is not None:
        kept["goniometer"] = document["goniometer"][entry["goniometer"]]
    # Points of a scan are of the data, not of the detector.
    kept["beam"] = {k: v for k, v in kept["beam"].items() if "at_scan_points" not in k}
    if "goniometer" in kept:
        kept["goniometer"] = {k: v for k, v in kept["goniometer"].items() if "at_scan_points" not in k}
    experiment = {"__id__": "Experiment", "identifier": "", **dict.fromkeys(kept, 0)}
    models = {
        kind: [kept[kind]] if kind in kept else []
        for kind in (
            "beam",
            "detector",
            "goniometer",
            "scan",
            "crystal",
            "profile",
            "imageset",
            "scaling_model",
        )
    }
    return {"__id__": "ExperimentList", "experiment": [experiment], **models}


def describe_models(document: Document) -> GeometryModels:
    """Return a geometry's facts.

    Raises
    ------
    InvalidInputError
        When the beam goes past the detector's plane.
    """
    detector = document["detector"][0]
    panel_count = len(detector["panels"])
    return GeometryModels(beam_path_mm(document), panel_count, panel_count > 1)


def beam_direction(document: Document) -> Matrix:
    """Return the direction from source to sample, shape (3,), unit length; the file gives the opposite."""
    to_source = np.array(document["beam"][0]["direction"], dtype=float)
    return np.asarray(-to_source / np.linalg.norm(to_source))


def beam_path_mm(document: Document) -> float:
    """Return the distance from the sample along the beam to the detector's mean plane.

    The plane goes through the mean of the panels' centres, with the mean of their normals, both weighted with
    their areas: a beam that falls between panels or on one that is tilted by itself has the same distance.

    Raises
    ------
    InvalidInputError
        When the beam never meets that plane.
    """
    normal, centre, area = np.zeros(3), np.zeros(3), 0.0
    detector = document["detector"][0]
    for pose, panel in zip(panel_poses(detector), detector["panels"], strict=True):
        size_mm = np.array(panel["image_size"]) * np.array(panel["pixel_size"])
        weight = float(np.prod(size_mm))
        normal += weight * np.cross(pose[:, 0], pose[:, 1])
        centre += weight * (pose @ [*(size_mm / 2), 1.0])
        area += weight
    towards = float(normal @ beam_direction(document))
    path_mm = float(normal @ centre) / area / towards if towards else -1.0
    if not path_mm > 0:
        raise InvalidInputError(
            "The beam never meets the detector's plane.", try_next="Check the file's beam and detector."
        )
    return path_mm


def shape_of(document: Document) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Return each panel's size in pixels and its pixel's size in mm, to a nanometre, fast and slow."""
    panels = document["detector"][0]["panels"]
    # Headers give the size in m: 172e-6 x 1000 is not 0.172.
    return [
        (tuple(panel["image_size"]), tuple(round(size_mm, 6) for size_mm in panel["pixel_size"]))
        for panel in panels
    ]
