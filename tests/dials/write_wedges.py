"""Write indexed wedges of one crystal form on one detector, without images: run by the DIALS Python.

`python write_wedges.py COUNT FOLDER` writes `xtal1.expt`, `xtal1.refl`, ... Centroids are off by chance, as
those of simulated wedges are: 0.12 px and 0.1 degrees, one in eight by four times as much.
"""

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
    DetectorFactory,
    Experiment,
    ExperimentList,
    GoniometerFactory,
    ScanFactory,
)
from scitbx import matrix  # type: ignore[import-not-found]

A_ANGSTROM, C_ANGSTROM, D_MIN_ANGSTROM = 98.3, 136.6, 3.3
IMAGES = range(1, 13)
NOISE = np.array((0.02, 0.02, 0.0018))  # mm, mm, rad
OUTLIER_FRACTION, OUTLIER_FACTOR = 1 / 8, 4.0
REFLECTIONS_PER_WEDGE = 250
FLAGS = flex.reflection_table.flags


def crystal_of(chance: np.random.Generator) -> Any:
    """Return a crystal in any orientation."""
    quaternion = chance.normal(size=4)
    turn = matrix.col(quaternion / np.linalg.norm(quaternion)).unit_quaternion_as_r3_rotation_matrix()
    axes = ((A_ANGSTROM, 0, 0), (-A_ANGSTROM / 2, A_ANGSTROM * 3**0.5 / 2, 0), (0, 0, C_ANGSTROM))
    group = sgtbx.space_group_info("H 3").group()
    return Crystal(*(turn * matrix.col(axis) for axis in axes), space_group=group)


def models() -> dict[str, Any]:
    """Return beam, detector, goniometer and scan."""
    return {
        "beam": BeamFactory.simple(0.978),
        "detector": DetectorFactory.simple("PAD", 240, (84.4, 89.7), "+x", "-y", (0.172, 0.172), (981, 1043)),
        "goniometer": GoniometerFactory.single_axis(),
        "scan": ScanFactory.make_scan((IMAGES[0], IMAGES[-1]), 0.1, (0, 0.5), dict.fromkeys(IMAGES, 0)),
    }


def observed(table: Any, chance: np.random.Generator) -> Any:
    """Turn some of the predictions into centroids with the errors of measurement."""
    chosen = chance.choice(table.size(), REFLECTIONS_PER_WEDGE, replace=False)
    table, count = table.select(flex.size_t(chosen)), REFLECTIONS_PER_WEDGE
    factors = np.where(chance.random(count) < OUTLIER_FRACTION, OUTLIER_FACTOR, 1.0)
    errors = chance.normal(size=(count, 3)) * NOISE * factors[:, None]
    table["xyzobs.mm.value"] = table["xyzcal.mm"] + flex.vec3_double(errors)
    table["xyzobs.mm.variance"] = flex.vec3_double(count, tuple(NOISE**2))
    table["xyzobs.px.value"] = table["xyzcal.px"]
    table["id"] = table["imageset_id"] = flex.int(count, 0)
    table["flags"] = flex.size_t(count, FLAGS.predicted | FLAGS.indexed | FLAGS.strong)
    return table


def main(count: str, folder: str) -> None:
    """Write the pairs of files."""
    chance = np.random.default_rng(1)
    for number in range(1, int(count) + 1):
        setup = models()
        # Without images DIALS takes a scan for stills.
        template = f"/far/away/xtal{number}_####.cbf"
        imageset = ImageSetFactory.make_sequence(template, list(IMAGES), check_format=False, **setup)
        experiment = Experiment(crystal=crystal_of(chance), imageset=imageset, **setup)
        predictor = ScanStaticReflectionPredictor(experiment, dmin=D_MIN_ANGSTROM)
        table = observed(predictor.for_ub(experiment.crystal.get_A()), chance)
        ExperimentList([experiment]).as_file(str(Path(folder, f"xtal{number}.expt")))
        table.as_file(str(Path(folder, f"xtal{number}.refl")))


if __name__ == "__main__":
    main(*sys.argv[1:])
