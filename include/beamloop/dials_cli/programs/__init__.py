"""One function per DIALS program: its arguments, its expected outputs.

Every function runs its program in `directory` (a step's staging directory), where the outputs keep DIALS's
names and the program's own log (`dials.index.log`) stands beside what it printed (`index.out`). `options`
are `name=value` texts that the caller has validated; they come last, so they win. Input paths must be plain
(:func:`beamloop.dials_cli.paths.is_plain_path`). All raise what
:meth:`beamloop.dials_cli.starter.PlainStarter.run` raises; a program that fails is a result, not an error.

Option names are those of 3.12.1 (`-c -e2 -a2`), whole where a short one could come to mean two things. Where
DIALS would take one process per CPU, it gets one.
"""

from beamloop.dials_cli.programs.images import find_spots, import_images
from beamloop.dials_cli.programs.lattice import index, refine_bravais_settings, search_beam_position
from beamloop.dials_cli.programs.merging import cosym, merge, scale, symmetry
from beamloop.dials_cli.programs.refinement import export, integrate, refine
from beamloop.dials_cli.programs.several import combine_experiments, split_experiments, split_name

__all__ = [
    "combine_experiments",
    "cosym",
    "export",
    "find_spots",
    "import_images",
    "index",
    "integrate",
    "merge",
    "refine",
    "refine_bravais_settings",
    "scale",
    "search_beam_position",
    "split_experiments",
    "split_name",
    "symmetry",
]
