"""Write how the parameters of beam, detector and one crystal correlate in a refinement, as JSON.

    python3 correlate_parameters.py EXPERIMENTS REFLECTIONS POSITION OUTPUT [NAME=VALUE ...]

POSITION is the crystal's place in the experiment list, from 0; the options are those of dials.refine. Run by
the DIALS Python. The numbers are those of dials.refine's correlation_plot for its first step from these
models, to about 0.01: correlations between columns of the Jacobian, a matrix for each kind of residual.
dials.refine calculates them for every pair of parameters at every step (polyhedra, 175 parameters: 80 CPU s
in place of 14); here it is once, for the dozen columns that are looked at.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from dials.algorithms.refinement import RefinerFactory
from dials.array_family import flex
from dials.command_line.refine import working_phil
from dxtbx.model.experiment_list import ExperimentListFactory

# As in DIALS: columns that ought to be zero hold rounding errors that would correlate.
DIGITS = 15
ROUNDING = 1e-9


def main(experiments_path, reflections_path, position, output, *options):
    """Do what the module says."""
    interpreter = working_phil.command_line_argument_interpreter()
    params = working_phil.fetch(sources=[interpreter.process(option) for option in options]).extract()
    params.refinement.parameterisation.scan_varying = False
    # What is an outlier was decided in the refinement itself.
    params.refinement.reflections.outlier.algorithm = "null"
    experiments = ExperimentListFactory.from_json_file(experiments_path, check_format=False)
    reflections = flex.reflection_table.from_file(reflections_path)
    used = reflections.get_flags(reflections.flags.used_in_refinement)
    if used.count(True):
        reflections = reflections.select(used)
    refiner = RefinerFactory.from_parameters_data_experiments(params, reflections, experiments)
    labels, columns = chosen_columns(refiner._pred_param, int(position))  # noqa: SLF001 (DIALS has no other)
    target = refiner._target  # noqa: SLF001
    target.predict()
    _, jacobian, _ = target.compute_residuals_and_gradients()
    if hasattr(jacobian, "as_dense_matrix"):
        jacobian = jacobian.as_dense_matrix()
    rows = np.array([jacobian.matrix_copy_column(column) for column in columns]).round(DIGITS)
    residuals = ("X", "Y", "Phi")
    blocks = np.split(rows, len(residuals), axis=1)
    matrices = {name: correlations(block).tolist() for name, block in zip(residuals, blocks, strict=True)}
    on_detector = cosines(np.hstack(blocks[:2])).tolist()
    document = {"labels": labels, "matrices": matrices, "on_detector": on_detector}
    Path(output).write_text(json.dumps(document))


def chosen_columns(parameterisation, position):
    """Return names and places of the parameters of beam, detector and the crystal."""
    crystals = parameterisation.get_crystal_orientation_parameterisations()
    own = [p.model_identifier for p in crystals if position in p.get_experiment_ids()]
    labels, columns = [], []
    for column, label in enumerate(parameterisation.get_param_names()):
        crystal = next((name for name in own if re.match(rf"{name}(?!\d)", label)), None)
        if label.startswith(("Beam", "Detector")):
            labels.append(label)
        elif crystal:
            labels.append(label.replace(crystal, "Crystal", 1))
        else:
            continue
        columns.append(column)
    return labels, columns


def correlations(rows):
    """Return Pearson's coefficients between rows, shape (n, n); 0 for a row that is constant.

    Where a panel moves along its own axis every spot moves alike: what little such a row varies is rounding.
    """
    centred = rows - rows.mean(axis=1, keepdims=True)
    centred[np.linalg.norm(centred, axis=1) <= ROUNDING * np.linalg.norm(rows, axis=1)] = 0.0
    return cosines(centred)


def cosines(rows):
    """Return the cosines of the angles between rows, shape (n, n); 0 for a row of zeros.

    Between columns of the Jacobian they are the elements of the normal matrix, scaled to 1 on its diagonal.
    """
    norms = np.linalg.norm(rows, axis=1)
    norms[norms == 0] = np.inf
    scaled = rows / norms[:, None]
    matrix = scaled @ scaled.T
    np.fill_diagonal(matrix, 1.0)
    return matrix


if __name__ == "__main__":
    main(*sys.argv[1:])
