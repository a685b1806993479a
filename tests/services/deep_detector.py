"""A detector whose modules are mounted in groups: adopted sweeps of known truth, and images of its own."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from beamloop.records.sample import UnitCell
from beamloop.settings import DialsSettings
from beamloop.simulate.geometry import module_groups
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepPlan
from beamloop.simulate.truth import encode_truth, truth_of

WRITE_SWEEPS = Path(__file__).parents[1] / "dials" / "write_panel_sweep.py"

# Two rows of modules on a frame of their own, the last row by itself: 4, 4 and 2 modules.
DETECTOR = DetectorPlan(
    "1M",
    240.0,
    distance_offset_mm=0.4,
    beam_offset_px=(1.4, -1.1),
    tilt_mrad=(3.0, -2.0),
    module_shift_rms_um=30.0,
    module_rotation_rms_mrad=0.3,
    group_rows=2,
    group_shift_rms_um=100.0,
    seed=8,
)
BLIND = 6  # a module without a single reflection
D_MIN_ANGSTROM = 3.2
LONG, WEDGE = SweepPlan("long_1", images=170), SweepPlan("xtal1_1", images=24)


def write_adoptable(folder: Path, detector: DetectorPlan, sweeps: Sequence[SweepPlan]) -> None:
    """Write indexed sweeps of a lysozyme-like crystal at the level of reflections: no image is made."""
    cell = UnitCell(78.5, 78.5, 37.5, 90.0, 90.0, 90.0)
    crystal = CrystalPlan("P 43 21 2", cell, cell_spread_fraction=0.00005)
    plan = CollectionPlan(tuple(sweeps), 1, detector, crystal=crystal, oscillation_deg=0.2)
    folder.mkdir()
    truth = folder.with_suffix(".json")
    truth.write_bytes(encode_truth(truth_of(plan)))
    said = (json.dumps(module_groups(detector)), json.dumps([BLIND]))
    argv = [DialsSettings().python, WRITE_SWEEPS, truth, D_MIN_ANGSTROM, folder, *said]
    subprocess.run([*map(str, argv)], check=True, capture_output=True)
