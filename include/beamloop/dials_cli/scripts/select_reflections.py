"""Deal the indexed reflections of experiments to parts, by the rotation at which they were observed.

    python3 select_reflections.py EXPERIMENTS REFLECTIONS PATTERN BLOCKS

Each experiment's rotation is cut into BLOCKS blocks of the same width; they go round the letters of PATTERN:
"AB" deals them alternately to part_A.refl and part_B.refl, "AAAAB" every fifth one to part_B.refl. Run by
the DIALS Python, because only DIALS writes reflection tables.
"""

import sys

import numpy as np
from dials.array_family import flex
from dxtbx.model.experiment_list import ExperimentListFactory


def main(experiments_path, reflections_path, pattern, block_count):
    """Do what the module says."""
    experiments = ExperimentListFactory.from_json_file(experiments_path, check_format=False)
    reflections = flex.reflection_table.from_file(reflections_path)
    reflections = reflections.select(reflections.get_flags(reflections.flags.indexed))
    ids = reflections["id"].as_numpy_array()
    # z counts images from 0 at the start of image 1, as the array range does.
    _, _, z = reflections["xyzobs.px.value"].parts()
    z = z.as_numpy_array()
    letters = np.full(len(ids), "", dtype="U1")
    for number, experiment in enumerate(experiments):
        own = ids == number
        letters[own] = dealt(z[own], experiment.scan.get_array_range(), pattern, int(block_count))
    for letter in sorted(set(pattern)):
        reflections.select(flex.bool(letters == letter)).as_file(f"part_{letter}.refl")


def dealt(z, images, pattern, block_count):
    """Return the letter of each reflection, shape (n,)."""
    first, end = images
    blocks = np.clip((z - first) / (end - first) * block_count, 0, block_count - 1).astype(int)
    return np.array(list(pattern))[blocks % len(pattern)]


if __name__ == "__main__":
    main(*sys.argv[1:])
