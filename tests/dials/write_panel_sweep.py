"""Write indexed sweeps on a detector of many panels, without images: run by the DIALS Python.

`python write_panel_sweep.py TRUTH D_MIN FOLDER [GROUPS [BLIND]]` predicts the sweeps of a truth with DIALS on
the panels where the truth has them and writes what a person would have before metrology, in a folder for
each: `indexed.expt` with the header's panels, and `indexed.refl` with centroids that are off by chance, a few
of them by a lot. GROUPS is JSON: the panels' numbers, group by group; BLIND: numbers of panels without spots.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cctbx import sgtbx  # type: ignore[import-not-found]
from dials.algorithms.spot_prediction import (  # type: ignore[import-not-found]
    ScanStaticReflectionPredictor,
)
from dials.array_family import flex  # type: ignore[import-not-found]
from dxtbx.imageset import ImageSetFactory  # type: ignore[import-not-found]
from dxtbx.model import (  # type: ignore[import-not-found]
    BeamFactory,
    Crystal,
    Detector,
    Experiment,
    ExperimentList,
    GoniometerFactory,
    ScanFactory,
)
from predict_from_truth import detector_of  # type: ignore[import-not-found]
from scitbx import matrix  # type: ignore[import-not-found]

FLAGS = flex.reflection_table.flags
# Centroids of strong spots of a Pilatus are known to a sixth of a pixel, and of an image of 0.2 degrees.
NOISE_MM, NOISE_RAD = 0.03, 6e-4
OUTLIER_EVERY, OUTLIER_MM = 400, 1.0


class Panels(NamedTuple):
    """What is said of the panels."""

    groups: list[list[int]]
    blind: list[int]


def models_of(truth: dict[str, Any], sweep: dict[str, Any], which: str) -> dict[str, Any]:
    """Return beam, goniometer and scan, and the detector of the truth or of the header."""
    images = (sweep["first_image"], sweep["last_image"])
    numbers = range(images[0], images[1] + 1)
    oscillation = (sweep["start_angle_deg"], sweep["oscillation_deg"])
    return {
        "beam": BeamFactory.simple(truth["wavelength_angstrom"]),
        "detector": detector_of(truth, which),
        "goniometer": GoniometerFactory.single_axis(),
        "scan": ScanFactory.make_scan(images, 0.1, oscillation, dict.fromkeys(numbers, 0)),
    }


def in_groups(flat: Any, groups: list[list[int]]) -> Any:
    """Return a detector as dxtbx makes it of a NeXus file: a group for each link of a chain of axes.

    The frames of the groups are turned by a right angle each, as a CSPAD's quadrants are; the panels are not.
    """
    detector = Detector()
    rail = named(detector.hierarchy().add_group(), "rail", flat[0].get_origin())
    for number, members in enumerate(groups, start=1):
        corner = flat[members[0]].get_origin()
        quadrant = named(rail.add_group(), f"quadrant {number}", corner, turned_deg=90.0 * number)
        for member in members:
            old = flat[member]
            mount = named(quadrant.add_group(), f"mount of {old.get_name()}", old.get_origin())
            mount.add_panel(old).set_frame(old.get_fast_axis(), old.get_slow_axis(), old.get_origin())
    return detector


def named(group: Any, name: str, origin: Any, turned_deg: float = 0.0) -> Any:
    """Return a group with a frame that stands square at a point of the laboratory, turned about the beam."""
    turn = matrix.col((0, 0, 1)).axis_and_angle_as_r3_rotation_matrix(turned_deg, deg=True)
    group.set_name(name)
    group.set_frame(turn * matrix.col((1, 0, 0)), turn * matrix.col((0, -1, 0)), origin)
    return group


def crystal_of(sweep: dict[str, Any]) -> Any:
    """Return the true crystal with its symmetry."""
    axes = matrix.sqr([x for row in sweep["crystal"]["a_matrix_per_angstrom"] for x in row]).inverse()
    group = sgtbx.space_group_info(sweep["crystal"]["space_group"]).group()
    return Crystal(axes[0:3], axes[3:6], axes[6:9], space_group=group)


def observe(predicted: Any, pixel_mm: float, image_rad: float) -> Any:
    """Turn predictions into centroids with the errors of measurement."""
    count, chance = predicted.size(), np.random.default_rng(1)
    noise = chance.normal(size=(count, 3)) * (NOISE_MM, NOISE_MM, NOISE_RAD)
    noise[::OUTLIER_EVERY, 0] += OUTLIER_MM
    predicted["xyzobs.mm.value"] = predicted["xyzcal.mm"] + flex.vec3_double(noise)
    variances = (NOISE_MM**2, NOISE_MM**2, NOISE_RAD**2)
    predicted["xyzobs.mm.variance"] = flex.vec3_double(count, variances)
    in_pixels = noise / (pixel_mm, pixel_mm, image_rad)
    predicted["xyzobs.px.value"] = predicted["xyzcal.px"] + flex.vec3_double(in_pixels)
    predicted["xyzobs.px.variance"] = flex.vec3_double(count, (0.1, 0.1, 0.1))
    predicted["id"] = flex.int(count, 0)
    predicted["flags"] = flex.size_t(count, FLAGS.predicted | FLAGS.indexed | FLAGS.strong)
    return predicted


def write_sweep(
    truth: dict[str, Any], sweep: dict[str, Any], d_min: float, folder: Path, panels: Panels
) -> None:
    """Write the pair of files of one sweep."""
    crystal = crystal_of(sweep)
    true = Experiment(crystal=crystal, **models_of(truth, sweep, "true"))
    predicted = ScanStaticReflectionPredictor(true, dmin=d_min).for_ub(crystal.get_A())
    for blind in panels.blind:
        predicted = predicted.select(predicted["panel"] != blind)
    models = models_of(truth, sweep, "header")
    if panels.groups:
        models["detector"] = in_groups(models["detector"], panels.groups)
    numbers = list(range(sweep["first_image"], sweep["last_image"] + 1))
    # Without images DIALS takes a scan for stills.
    template = f"/far/{sweep['name']}_####.cbf"
    images = ImageSetFactory.make_sequence(template, numbers, check_format=False, **models)
    folder.mkdir()
    ExperimentList([Experiment(imageset=images, crystal=crystal, **models)]).as_file(folder / "indexed.expt")
    seen = observe(predicted, truth["detector"]["pixel_mm"], math.radians(sweep["oscillation_deg"]))
    seen.as_file(folder / "indexed.refl")


def main(truth_path: str, d_min: str, folder: str, groups: str = "[]", blind: str = "[]") -> None:
    """Write every sweep."""
    truth = json.loads(Path(truth_path).read_text())
    panels = Panels(json.loads(groups), json.loads(blind))
    for sweep in truth["sweeps"]:
        write_sweep(truth, sweep, float(d_min), Path(folder) / sweep["name"], panels)


if __name__ == "__main__":
    main(*sys.argv[1:])
