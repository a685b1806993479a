"""Refine made-up cases with the stock engine and with products of blocks: run by the DIALS Python.

`python compare_engines.py SCRIPT FOLDER` writes into `FOLDER/found.json`, for each case and engine, what came
out: the parameters of each step, RMSDs, cells, their standard uncertainties, A and D matrices, counts.
"""

import contextlib
import io
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from cctbx import sgtbx  # type: ignore[import-not-found]
from dials.algorithms.refinement import engine, refiner  # type: ignore[import-not-found]
from dials.array_family import flex  # type: ignore[import-not-found]
from dials.command_line import refine  # type: ignore[import-not-found]
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
from scitbx import matrix  # type: ignore[import-not-found]

FLAGS = flex.reflection_table.flags
PANEL_PIXELS = 300
COMMON = ["scan_varying=false", "outlier.algorithm=tukey", "reflections_per_degree=None"]
RESTRAINTS = "refinement.parameterisation.crystal.unit_cell.restraints"
TO_TARGET = f"""
{RESTRAINTS}.tie_to_target {{
  values = 50 50 80 90 90 90
  sigmas = 0.05 0.05 0.1 0 0 0
  id = 0
}}
"""
TO_GROUP = f"""
{RESTRAINTS}.tie_to_group {{
  target = mean
  sigmas = 0.1 0.1 0.2 0 0 0
  id = 0 1
}}
"""
CONSTRAINTS = """
refinement.parameterisation.crystal.unit_cell.constraints {
  id = 0 1
  parameter = g_param_0
}
"""
# Name, which data, arguments of dials.refine, a parameter file.
CASES: tuple[tuple[str, str, list[str], str], ...] = (
    ("one crystal, outliers rejected", "one", [], ""),
    ("several crystals", "two", [], ""),
    ("cell tied to a target", "two", [], TO_TARGET),
    ("cells tied to each other", "two", [], TO_GROUP),
    ("constraints", "two", [], CONSTRAINTS),
    ("fixed parameters", "one", ["detector.fix=distance", "beam.fix=all", "crystal.unit_cell.fix=all"], ""),
    ("panels, reduced by themselves", "one", ["hierarchy_level=1", "auto_reduction.action=fix",
                                              "auto_reduction.min_nref_per_parameter=253"], ""),
    ("scan-varying", "one", ["scan_varying=true", "crystal.unit_cell.force_static=False"], ""),
    ("journal of correlations", "one", ["refinery.journal.track_parameter_correlation=True"], ""),
    ("Gauss-Newton", "one", ["engine=GaussNewton"], ""),
)  # fmt: skip


def detector() -> Any:
    """Return four panels in a group, 200 mm away."""
    found = Detector()
    root = found.hierarchy()
    root.set_frame((1, 0, 0), (0, -1, 0), (0, 0, -200))
    for number, (column, row) in enumerate([(-1, -1), (0, -1), (-1, 0), (0, 0)]):
        panel = root.add_panel()
        panel.set_local_frame((1, 0, 0), (0, 1, 0), (column * 54.0 + 1, row * 54.0 + 1, 0))
        panel.set_name(f"panel {number}")
        panel.set_type("PAD")
        panel.set_image_size((PANEL_PIXELS, PANEL_PIXELS))
        panel.set_pixel_size((0.172, 0.172))
        panel.set_trusted_range((0, 1e6))
    return found


def crystal(turn_deg: float, length: float = 50.0) -> Any:
    """Return a tetragonal crystal, turned about an axis of no symmetry."""
    turn = matrix.col((1, 2, 3)).axis_and_angle_as_r3_rotation_matrix(turn_deg, deg=True)
    axes = [turn * matrix.col(axis) for axis in ((length, 0, 0), (0, length, 0), (0, 0, 80))]
    return Crystal(*axes, space_group=sgtbx.space_group_info("P 4").group())


def write_case(stem: Path, turns_deg: list[float]) -> None:
    """Write crystals whose spots were seen elsewhere than the models say, a few of them far away."""
    beam, goniometer = BeamFactory.simple(1.0), GoniometerFactory.single_axis()
    scan = ScanFactory.make_scan((1, 20), 0.1, (0, 0.5), dict.fromkeys(range(1, 21), 0))
    shared = detector()
    models = {"beam": beam, "detector": shared, "goniometer": goniometer, "scan": scan}
    # Without images DIALS takes a scan for stills.
    images = ImageSetFactory.make_sequence(
        "/far/x_####.cbf", list(range(1, 21)), check_format=False, **models
    )
    experiments = ExperimentList(
        [Experiment(imageset=images, crystal=crystal(turn), **models) for turn in turns_deg]
    )
    table = flex.reflection_table.from_predictions_multi(experiments, dmin=3.4)
    count = table.size()
    flex.set_random_seed(1)
    noise = [(flex.random_double(count) - 0.5) * width for width in (0.2, 0.2, 2e-3)]
    # The detector is 0.3 mm further away, the third panel is shifted by 50 um: something to refine.
    x, y, phi = table["xyzcal.mm"].parts()
    third = (table["panel"] == 2).as_double() * 0.05
    seen = flex.vec3_double(x * 1.0015 + third + noise[0], y * 1.0015 + noise[1], phi + noise[2])
    outliers = flex.bool(number % 37 == 0 for number in range(count))
    away = flex.vec3_double(outliers.count(True), (2.0, 0.0, 0.0))
    seen.set_selected(outliers, seen.select(outliers) + away)
    table["xyzobs.mm.value"] = seen
    table["xyzobs.mm.variance"] = flex.vec3_double(count, (3e-3, 4e-3, 4e-7))
    table["xyzobs.px.value"] = table["xyzcal.px"]
    table["flags"] = flex.size_t(count, FLAGS.predicted | FLAGS.indexed | FLAGS.strong)
    experiments.as_file(f"{stem}.expt")
    table.as_file(f"{stem}.refl")


def figures(folder: Path) -> dict[str, Any]:
    """Return what one refinement left."""
    from dxtbx.model.experiment_list import ExperimentListFactory  # type: ignore[import-not-found]

    experiments = ExperimentListFactory.from_json_file(str(folder / "refined.expt"), check_format=False)
    history = json.loads((folder / "history.json").read_text())["data"]
    reflections = flex.reflection_table.from_file(str(folder / "refined.refl"))
    crystals = [experiment.crystal for experiment in experiments]
    return {
        "parameters": history["parameter_vector"],
        "rmsd": history["rmsd"],
        "objective": history["objective"],
        "cells": [list(c.get_unit_cell().parameters()) for c in crystals],
        "cell_su": [list(c.get_cell_parameter_sd()) for c in crystals],
        "a_matrices": [list(c.get_A()) for c in crystals],
        "a_at_scan_points": [list(c.get_A_at_scan_point(i)) for c in crystals
                             for i in range(c.num_scan_points)],
        "d_matrices": [list(panel.get_d_matrix()) for panel in experiments[0].detector],
        "s0": list(experiments[0].beam.get_s0()),
        "used": reflections.get_flags(FLAGS.used_in_refinement).count(True),
        "outliers": reflections.get_flags(FLAGS.centroid_outlier).count(True),
    }  # fmt: skip


def run(folder: Path, data: Path, arguments: list[str], phil: str) -> dict[str, Any]:
    """Refine once."""
    folder.mkdir()
    if phil:
        (folder / "more.phil").write_text(phil)
        arguments = [*arguments, str(folder / "more.phil")]
    outputs = {"experiments": "refined.expt", "reflections": "refined.refl", "history": "history.json",
               "log": "refine.log"}  # fmt: skip
    named = [f"output.{name}={folder / file}" for name, file in outputs.items()]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        refine.run([f"{data}.expt", f"{data}.refl", *COMMON, *arguments, *named])
    return figures(folder) | {"blocked": "products of blocks" in (folder / "refine.log").read_text()}


def main(script: str, folder: Path) -> None:
    """Run all cases with both engines."""
    for name, turns_deg in (("one", [10.0]), ("two", [10.0, 50.0])):
        write_case(folder / name, turns_deg)
    names = ("LevenbergMarquardtIterations", "GaussNewtonIterations")
    stock, stock_counts = {name: getattr(engine, name) for name in names}, refiner.AutoReduce
    blocked = runpy.run_path(script)
    found = {}
    for number, (case, data, arguments, phil) in enumerate(CASES):
        for name in names:
            setattr(engine, name, stock[name])
        refiner.AutoReduce = stock_counts
        one = run(folder / f"{number}-stock", folder / data, arguments, phil)
        assert not (why := blocked["install"]()), why
        # So small that every case takes several blocks.
        blocked["install"].__globals__["BLOCK_BYTES"] = 100_000
        other = run(folder / f"{number}-blocked", folder / data, arguments, phil)
        found[case] = {"stock": one, "blocked": other}
    del engine.GaussNewtonIterations
    engine.LevenbergMarquardtIterations = stock[names[0]]
    why = blocked["install"]()
    untouched = engine.LevenbergMarquardtIterations is stock[names[0]]
    said = {"cases": found, "without an engine": {"why": why, "untouched": untouched}}
    (folder / "found.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
