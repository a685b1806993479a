"""Write one indexed sweep on a detector of many panels, without images: run by the DIALS Python.

`python write_panel_sweep.py TRUTH SWEEP D_MIN FOLDER` predicts a sweep with DIALS on the panels where the
truth has them and writes what a person would have before metrology: `indexed.expt` with the header's panels,
and `indexed.refl` with centroids that are off by chance, a few of them by a lot.
"""

import json
import sys
from pathlib import Path
from typing import Any

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


def crystal_of(sweep: dict[str, Any]) -> Any:
    """Return the true crystal with its symmetry."""
    axes = matrix.sqr([x for row in sweep["crystal"]["a_matrix_per_angstrom"] for x in row]).inverse()
    group = sgtbx.space_group_info(sweep["crystal"]["space_group"]).group()
    return Crystal(axes[0:3], axes[3:6], axes[6:9], space_group=group)


def observe(predicted: Any) -> Any:
    """Turn predictions into centroids with the errors of measurement."""
    count, chance = predicted.size(), np.random.default_rng(1)
    noise = chance.normal(size=(count, 3)) * (NOISE_MM, NOISE_MM, NOISE_RAD)
    noise[::OUTLIER_EVERY, 0] += OUTLIER_MM
    predicted["xyzobs.mm.value"] = predicted["xyzcal.mm"] + flex.vec3_double(noise)
    variances = (NOISE_MM**2, NOISE_MM**2, NOISE_RAD**2)
    predicted["xyzobs.mm.variance"] = flex.vec3_double(count, variances)
    predicted["xyzobs.px.value"] = predicted["xyzcal.px"]
    predicted["id"] = flex.int(count, 0)
    predicted["flags"] = flex.size_t(count, FLAGS.predicted | FLAGS.indexed | FLAGS.strong)
    return predicted


def main(truth_path: str, name: str, d_min: str, folder: str) -> None:
    """Write the pair of files."""
    truth = json.loads(Path(truth_path).read_text())
    sweep = next(sweep for sweep in truth["sweeps"] if sweep["name"] == name)
    crystal = crystal_of(sweep)
    true = Experiment(crystal=crystal, **models_of(truth, sweep, "true"))
    predicted = ScanStaticReflectionPredictor(true, dmin=float(d_min)).for_ub(crystal.get_A())
    models = models_of(truth, sweep, "header")
    numbers = list(range(sweep["first_image"], sweep["last_image"] + 1))
    # Without images DIALS takes a scan for stills.
    images = ImageSetFactory.make_sequence("/far/x_####.cbf", numbers, check_format=False, **models)
    experiments = ExperimentList([Experiment(imageset=images, crystal=crystal, **models)])
    experiments.as_file(f"{folder}/indexed.expt")
    observe(predicted).as_file(f"{folder}/indexed.refl")


if __name__ == "__main__":
    main(*sys.argv[1:])
