"""Write how far the same reflections lie from where several geometries predict them.

    python3 compare_geometries.py EXPERIMENTS REFLECTIONS OUTPUT GEOMETRY [GEOMETRY ...]

Each geometry is an .expt file of one beam and one detector. For each, all experiments get its beam and its
detector, which stay as they are; cell and orientation of each crystal are refined, from where EXPERIMENTS has
them, against the reflections that are marked as used in refinement, all of them: what is an outlier was
decided before, and is the same for every geometry. Centroids in mm are calculated anew from pixels, with the
parallax on that detector.

OUTPUT is a compressed numpy file. With n reflections and k geometries: `experiment`, `panel` (n,) counted
from 0; `xy_px` (n, 2) on the panel; `d_angstrom` (n,) with the last geometry; `residual_0` ... `residual_k-1`
(n, 3): calculated less observed, x and y in mm along the panel's fast and slow axes, phi in rad.
Run by the DIALS Python.
"""

import sys
from copy import deepcopy

import numpy as np
from dials.algorithms.refinement import RefinerFactory
from dials.array_family import flex
from dials.command_line.refine import working_phil
from dxtbx.model.experiment_list import ExperimentListFactory


def main(experiments_path, reflections_path, output, *geometry_paths):
    """Do what the module says."""
    experiments = ExperimentListFactory.from_json_file(experiments_path, check_format=False)
    reflections = flex.reflection_table.from_file(reflections_path)
    reflections = reflections.select(reflections.get_flags(reflections.flags.used_in_refinement))
    found = {
        "experiment": reflections["id"].as_numpy_array(),
        "panel": reflections["panel"].as_numpy_array(),
        "xy_px": np.array(reflections["xyzobs.px.value"]).reshape(-1, 3)[:, :2],
    }
    for number, path in enumerate(geometry_paths):
        geometry = ExperimentListFactory.from_json_file(path, check_format=False)[0]
        moved = with_geometry(experiments, geometry)
        residuals, d_spacings = refined_residuals(moved, deepcopy(reflections))
        found[f"residual_{number}"] = residuals
        found["d_angstrom"] = d_spacings
    np.savez_compressed(output, **found)


def with_geometry(experiments, geometry):
    """Return the experiments on one beam and one detector, with crystals of their own."""
    moved = deepcopy(experiments)
    for experiment in moved:
        experiment.beam = geometry.beam
        experiment.detector = geometry.detector
        experiment.crystal = deepcopy(experiment.crystal)
        experiment.crystal.reset_scan_points()
    return moved


def refined_residuals(experiments, reflections):
    """Refine the crystals; return residuals, shape (n, 3), and d-spacings, shape (n,), in the given order."""
    params = working_phil.extract()
    parameterisation = params.refinement.parameterisation
    parameterisation.scan_varying = False
    parameterisation.beam.fix = ["all"]
    parameterisation.detector.fix = "all"
    # A crystal with few reflections keeps what cannot be refined; the figures then say so.
    parameterisation.auto_reduction.action = "fix"
    params.refinement.reflections.outlier.algorithm = "null"
    params.refinement.reflections.reflections_per_degree = None
    # They were used in refinement, and are used again.
    params.refinement.reflections.close_to_spindle_cutoff = 0.0
    reflections.centroid_px_to_mm(experiments)
    refiner = RefinerFactory.from_parameters_data_experiments(params, reflections, experiments)
    refiner.run()
    refined = refiner.get_experiments()
    predicted = refiner.predict_for_reflection_table(reflections)
    residuals = predicted["xyzcal.mm"] - predicted["xyzobs.mm.value"]
    d_spacings = np.zeros(len(reflections))
    ids = reflections["id"].as_numpy_array()
    for number, experiment in enumerate(refined):
        own = reflections["miller_index"].select(flex.bool(ids == number))
        d_spacings[ids == number] = experiment.crystal.get_unit_cell().d(own).as_numpy_array()
    return np.array(residuals).reshape(-1, 3), d_spacings


if __name__ == "__main__":
    main(*sys.argv[1:])
