"""Write what DIALS might have left elsewhere, from predictions of known crystals: run by the DIALS Python.

`python write_foreign_pairs.py FOLDER`. No image is read or written; the spots are where the models put them,
and 10 um beside.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

from cctbx import sgtbx  # type: ignore[import-not-found]
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

NOISE_MM = 0.01
FLAGS = flex.reflection_table.flags


def crystal(turn_deg: float, length: float = 50.0) -> Any:
    """Return a tetragonal crystal, turned about an axis of no symmetry."""
    turn = matrix.col((1, 2, 3)).axis_and_angle_as_r3_rotation_matrix(turn_deg, deg=True)
    axes = [turn * matrix.col(axis) for axis in ((length, 0, 0), (0, length, 0), (0, 0, 80))]
    return Crystal(*axes, space_group=sgtbx.space_group_info("P 4").group())


def experiments_of(template: str, crystals: list[Any], images: tuple[int, int] = (1, 20)) -> Any:
    """Return one experiment for each crystal, all of one scan."""
    beam = BeamFactory.simple(1.0)
    detector = DetectorFactory.simple("PAD", 200, (84, 84), "+x", "-y", (0.172, 0.172), (977, 977))
    goniometer = GoniometerFactory.single_axis()
    scan = ScanFactory.make_scan(images, 0.1, (0, 0.5), dict.fromkeys(range(images[0], images[1] + 1), 0))
    imageset = ImageSetFactory.make_sequence(
        template, list(range(images[0], images[1] + 1)), beam=beam, detector=detector,
        goniometer=goniometer, scan=scan, check_format=False,
    )  # fmt: skip
    return ExperimentList(
        [Experiment(beam=beam, detector=detector, goniometer=goniometer, scan=scan, crystal=c,
                    imageset=imageset) for c in crystals]
    )  # fmt: skip


def reflections_of(experiments: Any, integrated: bool = False) -> Any:
    """Predict, and observe nearby."""
    table = flex.reflection_table.from_predictions_multi(experiments, dmin=3.0)
    count = table.size()
    flex.set_random_seed(1)
    noise = flex.vec3_double(*((flex.random_double(count) - 0.5) * w for w in (NOISE_MM, NOISE_MM, 1e-3)))
    table["xyzobs.mm.value"] = table["xyzcal.mm"] + noise
    table["xyzobs.mm.variance"] = flex.vec3_double(count, (1e-4, 1e-4, 1e-6))
    table["xyzobs.px.value"] = table["xyzcal.px"]
    table["xyzobs.px.variance"] = flex.vec3_double(count, (0.1, 0.1, 0.1))
    table["flags"] = flex.size_t(count, FLAGS.predicted)
    table.set_flags(flex.bool(count, True), FLAGS.indexed | FLAGS.strong | FLAGS.used_in_refinement)
    if integrated:
        table.set_flags(flex.bool(count, True), FLAGS.integrated_prf)
        table["intensity.prf.value"] = flex.double(count, 100.0)
        table["intensity.prf.variance"] = flex.double(count, 100.0)
        table["d"] = flex.double(count, 3.0)
    return table


def main(folder: Path) -> None:
    """Write pairs that can be adopted, and pairs that cannot."""
    two = experiments_of("/far/away/two_####.cbf", [crystal(10), crystal(50)])
    old = reflections_of(two)
    two.as_file(folder / "two_experiments.json")
    with open(folder / "two_reflections.pickle", "wb") as pickled:
        pickle.dump(old, pickled, protocol=2)

    steps = folder / "steps"
    steps.mkdir()
    one = experiments_of("/far/away/steps_####.cbf", [crystal(30)])
    for name in ("indexed", "refined", "integrated"):
        one.as_file(steps / f"{name}.expt")
        reflections_of(one, name == "integrated").as_file(steps / f"{name}.refl")

    several = experiments_of("/far/away/left_####.cbf", [crystal(20)])
    several.extend(experiments_of("/far/away/right_####.cbf", [crystal(70, 51.0)]))
    several.as_file(folder / "joined.expt")
    joined = reflections_of(several)
    # Spots of a third lattice, which was given up.
    given_up = joined.select(joined["id"] == 1)
    given_up["id"] = flex.int(given_up.size(), 2)
    joined.extend(given_up)
    joined.as_file(folder / "joined.refl")

    bad = folder / "bad"
    bad.mkdir()
    experiments_of("/far/away/swapped_####.cbf", [crystal(80)]).as_file(bad / "swapped.expt")
    reflections_of(one).as_file(bad / "swapped.refl")
    experiments_of("/far/away/bare_####.cbf", [None]).as_file(bad / "bare.expt")
    reflections_of(one).as_file(bad / "bare.refl")
    one.as_file(bad / "cut.expt")
    whole = (steps / "refined.refl").read_bytes()
    (bad / "cut.refl").write_bytes(whole[: len(whole) // 2])
    (bad / "text.expt").write_text("no JSON")
    (bad / "text.refl").write_bytes(whole)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
