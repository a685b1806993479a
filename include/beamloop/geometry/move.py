"""Put a refined detector where the headers of other data have it.

The detector moves as one body and does not turn: its frame is shifted, so panel offsets, tilts and the point
where the beam meets it stay as they were refined; docs/decisions/0021 says why.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from beamloop.dials_cli.detector import Matrix, panel_groups, panel_poses
from beamloop.geometry.models import Document, beam_direction, beam_path_mm, shape_of
from beamloop.records.geometry import GeometryUse

FRAME = ("fast_axis", "slow_axis", "origin")


def shape_difference(refined: Document, header: Document) -> str:
    """Say why a geometry cannot be that of some images; "" where it can."""
    own, theirs = shape_of(refined), shape_of(header)
    if own == theirs:
        return ""
    return f"it has {_words(own)}, and the images have {_words(theirs)}"


def _words(shape: list[tuple[tuple[int, ...], tuple[float, ...]]]) -> str:
    (width, height), (pixel_mm, _) = shape[0]
    panels = "one panel" if len(shape) == 1 else f"{len(shape)} panels"
    return f"{panels} (the first of {width} x {height} pixels of {pixel_mm:g} mm)"


def move_to_header(refined: Document, header: Document, use: GeometryUse) -> Document:
    """Return a geometry moved to the distance of some images.

    With t the path along the beam from the sample to the detector's mean plane, and s0 the beam's direction,
    the point t s0 of the refined detector goes to (t + h - h_made) s0': h is the header's path and h_made
    that in the headers of the data that made the geometry, so what the headers err by is kept.
    Where h_made is not known, the header is believed: the point goes to h s0'. The direction s0' is that of
    the beam which the import takes, so that it meets the detector where the refined beam did.

    Parameters
    ----------
    refined
        The geometry.
    header
        What the images' headers say, panel by panel as the geometry.
    use
        The distance in the headers of its data, and whose beam is taken.

    Returns
    -------
    dict
        A new experiment list. Where the refined beam is taken, its direction: the wavelength is the header's.
    """
    path_mm, header_mm = beam_path_mm(refined), beam_path_mm(header)
    moved = deepcopy(refined)
    moved["beam"][0]["wavelength"] = header["beam"][0]["wavelength"]
    moved["detector"] = [_framed(header["detector"][0], refined["detector"][0])]
    if not moved["goniometer"] and header["goniometer"]:  # DIALS reads one in any case
        moved["goniometer"] = deepcopy(header["goniometer"])
        moved["experiment"][0]["goniometer"] = 0
    made_mm = path_mm if use.header_distance_mm is None else use.header_distance_mm
    new_path_mm = path_mm + header_mm - made_mm
    taken = refined if use.takes_beam else header
    shift_mm = new_path_mm * beam_direction(taken) - path_mm * beam_direction(refined)
    _shift(moved, shift_mm)
    return moved


def carried(panels: Document, before: Document, after: Document) -> Document:
    """Return a detector of several panels, moved as a whole as the same detector of one panel was.

    Parameters
    ----------
    panels
        Imported panel by panel.
    before, after
        The same detector as one panel: as the images were imported with it, and as it was refined.

    Returns
    -------
    dict
        A new experiment list: all of `panels` with the beam of `after`, its direction and wavelength.
    """
    start, end = (panel_poses(one["detector"][0])[0] for one in (before, after))
    rotation = _axes(end) @ _axes(start).T
    shift_mm = end[:, 2] - rotation @ start[:, 2]
    moved = deepcopy(panels)
    moved["beam"] = deepcopy(after["beam"])
    for frame in _outermost(moved):
        for axis in ("fast_axis", "slow_axis"):
            frame[axis] = (rotation @ frame[axis]).tolist()
        frame["origin"] = (rotation @ frame["origin"] + shift_mm).tolist()
    return moved


def _axes(pose: Matrix) -> Matrix:
    """Return fast, slow and normal as columns, shape (3, 3)."""
    fast, slow, _ = pose.T
    return np.array([fast, slow, np.cross(fast, slow)]).T


def _framed(header: Mapping[str, Any], refined: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header's detector with the refined frames.

    What does not move is of the images: what the sensor absorbs, and so the parallax, depends on the
    wavelength. So is the hierarchy: dials.import refuses a reference with other groups than the images have.
    """
    if "hierarchy" in header and _branches(header["hierarchy"]) != _branches(refined.get("hierarchy", {})):
        return _placed(header, panel_poses(refined))
    panels = [
        {**own, **{vector: list(panel[vector]) for vector in FRAME}}
        for own, panel in zip(header["panels"], refined["panels"], strict=True)
    ]
    hierarchy = {"hierarchy": deepcopy(refined["hierarchy"])} if "hierarchy" in refined else {}
    return {"panels": panels, **hierarchy}


def _branches(node: Mapping[str, Any]) -> list[Any]:
    """Return what can be told of a hierarchy apart from names and frames."""
    return [_branches(child) if "children" in child else child["panel"] for child in node.get("children", ())]


def _placed(header: Mapping[str, Any], poses: Sequence[Matrix]) -> dict[str, Any]:
    """Return the header's groups with the panels at other places of the laboratory frame."""
    panels = [dict(panel) for panel in header["panels"]]
    for number, (axes, origin) in panel_groups(header["hierarchy"]):
        fast, slow, corner = poses[number].T
        local = np.linalg.solve(axes, np.array([fast, slow, corner - origin]).T).T
        panels[number] |= {vector: values.tolist() for vector, values in zip(FRAME, local, strict=True)}
    return {"panels": panels, "hierarchy": deepcopy(header["hierarchy"])}


def _shift(document: Document, shift_mm: Matrix) -> None:
    """Shift the detector's outermost frame, in which the file gives every panel."""
    for frame in _outermost(document):
        frame["origin"] = [float(at + by) for at, by in zip(frame["origin"], shift_mm, strict=True)]


def _outermost(document: Document) -> list[dict[str, Any]]:
    """Return the frames in which the file gives everything else of the detector."""
    detector = document["detector"][0]
    return [detector["hierarchy"]] if "hierarchy" in detector else list(detector["panels"])
