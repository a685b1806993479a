"""Read `.expt` files, which are JSON, without DIALS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from beamloop.dials_cli.crystal import CrystalSummary, summarise_crystal
from beamloop.dials_cli.detector import DetectorSummary, summarise_detector
from beamloop.dials_cli.goniometer import GoniometerSummary, summarise_goniometer
from beamloop.errors import FETCH_AGAIN, InvalidInputError


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """The images of one experiment and the rotation over them."""

    first_image: int  # 1
    last_image: int  # 15
    start_deg: float  # -145.0, rotation angle at the start of the first image
    width_deg: float  # 0.1, rotation over one image; not a number for one image of a newer DIALS

    @property
    def image_count(self) -> int:
        """The number of images."""
        return self.last_image - self.first_image + 1


@dataclass(frozen=True, slots=True)
class ExperimentSummary:
    """One experiment: its models as far as Beamloop needs them."""

    identifier: str  # "e8e0559f-6642-2b19-2aab-dee88127b1de"; empty in files of DIALS 1
    template: str  # "/data/xtal2_1_#####.cbf"; empty for images named one by one
    wavelength_angstrom: float  # 0.9763
    detector: DetectorSummary
    scan: ScanSummary | None  # None for stills
    crystal: CrystalSummary | None  # None before indexing
    mosaicity_deg: float | None  # 0.068, the profile model's sigma_m; None before integration
    goniometer: GoniometerSummary | None = None  # None for stills


@dataclass(frozen=True, slots=True)
class ExperimentsSummary:
    """What one `.expt` file holds, in its order."""

    experiments: tuple[ExperimentSummary, ...]


def read_experiments(path: Path) -> ExperimentsSummary:
    """Read an experiment list of DIALS 3.

    Parameters
    ----------
    path
        The `.expt` file.

    Raises
    ------
    InvalidInputError
        When the file is not there, cut short, or no experiment list.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["__id__"] != "ExperimentList":
            raise KeyError("__id__")
        experiments = tuple(_experiment(document, entry) for entry in document["experiment"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, np.linalg.LinAlgError) as error:
        raise InvalidInputError(
            f"{path} cannot be read as a DIALS experiment list: {error!r}.",
            try_next=f"One of your own: write it again with DIALS, 2 or later. One of a run: {FETCH_AGAIN}",
        ) from error
    return ExperimentsSummary(experiments)


def _experiment(document: Mapping[str, Any], entry: Mapping[str, Any]) -> ExperimentSummary:
    beam = document["beam"][entry["beam"]]
    to_source = np.array(beam["direction"], dtype=float)
    crystal = _model(document, entry, "crystal")
    scan = _model(document, entry, "scan")
    goniometer = _model(document, entry, "goniometer")
    imageset = _model(document, entry, "imageset") or {}
    return ExperimentSummary(
        identifier=entry.get("identifier", ""),
        template=imageset.get("template", ""),
        wavelength_angstrom=float(beam["wavelength"]),
        detector=summarise_detector(
            document["detector"][entry["detector"]], -to_source / np.linalg.norm(to_source)
        ),
        scan=_scan(scan) if scan else None,
        crystal=summarise_crystal(crystal) if crystal else None,
        mosaicity_deg=_mosaicity_deg(_model(document, entry, "profile")),
        goniometer=summarise_goniometer(goniometer) if goniometer else None,
    )


def _model(document: Mapping[str, Any], entry: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """Return an experiment's model of one kind; the experiment names it by its place in a list."""
    place = entry.get(kind)
    return None if place is None else document[kind][place]


def _scan(scan: Mapping[str, Any]) -> ScanSummary | None:
    first, last = scan["image_range"]
    if "properties" not in scan:  # as DIALS 3.12 writes it
        start, width = scan["oscillation"]
    else:  # as newer ones do, from dxtbx's scan.cc
        angles = scan["properties"].get("oscillation")
        if angles is None:  # a time-of-flight scan
            return None
        start = angles[0]
        # A single image has no second angle; the width that newer files give beside it is not read, because
        # dxtbx converts it to degrees in neither direction.
        width = angles[1] - angles[0] if len(angles) > 1 else float("nan")
    return ScanSummary(first, last, float(start), float(width))


def _mosaicity_deg(profile: Mapping[str, Any] | None) -> float | None:
    """Return sigma_m, averaged over the scan where the model varies."""
    if profile is None or "sigma_m" not in profile:
        return None
    return float(np.mean(profile["sigma_m"]))
