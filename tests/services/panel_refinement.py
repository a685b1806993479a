"""Metrology's refinements with both engines: of 60 simulated panels, and of the real P12M."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import run_program
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import UnitCell
from beamloop.settings import RefinementEngine
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepPlan
from beamloop.simulate.truth import encode_truth, truth_of

WRITE_SWEEP = Path(__file__).parents[1] / "dials" / "write_panel_sweep.py"
P12M = Path(__file__).parents[3] / "shared" / "data" / "p12m_24_panels" / "dials-423"
# As the tutorial and the metrology stage refine.
LEVEL_0 = (
    "scan_varying=false",
    "outlier.algorithm=tukey",
    "reflections_per_degree=None",
    "close_to_spindle_cutoff=0.01",
)
LEVEL_1 = (*LEVEL_0, "hierarchy_level=1", "auto_reduction.action=fix", "separate_panels=True")
# How the figures of P12M in dials.md were made: DIALS's default outliers, all panels together.
P12M_LEVEL_0 = ("scan_varying=false",)
P12M_LEVEL_1 = ("scan_varying=false", "hierarchy_level=1", "auto_reduction.action=fix")
HISTORY = "history.json"
UNHURRIED = ProgramLimits(time_s=12 * 3600.0, memory_bytes=16 * 1024**3)

Pair = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class PanelCase:
    """A simulated sweep."""

    model: str  # "6M"
    image_count: int  # 900, of 0.2 degrees
    d_min_angstrom: float  # 1.44


# Every panel is reached, and 194 000 reflections remain of a quarter of a million.
SIXTY_PANELS = PanelCase("6M", 900, 1.44)
SMALL = PanelCase("2M", 100, 1.9)


@dataclass(frozen=True, slots=True)
class Refined:
    """What one refinement took and left."""

    cpu_s: float  # of the whole program, its start counted in where it has one
    peak_memory_bytes: int
    rmsds: list[list[float]]  # of each step: x and y in mm, phi in rad
    parameters: list[list[float]]  # of each step
    pair: Pair


def simulate_panels(dials: Dials, folder: Path, case: PanelCase) -> Pair:
    """Write a sweep of a lysozyme-like crystal at the level of reflections: no image is made."""
    detector = DetectorPlan(
        case.model,
        distance_mm=350.0,
        distance_offset_mm=0.4,
        beam_offset_px=(1.4, -1.1),
        tilt_mrad=(2.0, -2.2),
        module_shift_rms_um=30.0,
        module_rotation_rms_mrad=0.3,
    )
    crystal = CrystalPlan("P 43 21 2", UnitCell(78.5, 78.5, 37.5, 90.0, 90.0, 90.0))
    sweeps = (SweepPlan("long_1", images=case.image_count),)
    plan = CollectionPlan(sweeps, 1, detector, crystal=crystal, oscillation_deg=0.2)
    (folder / "truth.json").write_bytes(encode_truth(truth_of(plan)))
    argv = [dials.settings.python, WRITE_SWEEP, folder / "truth.json", case.d_min_angstrom, folder]
    subprocess.run([*map(str, argv)], check=True, capture_output=True)
    return folder / "long_1" / "indexed.expt", folder / "long_1" / "indexed.refl"


def read_p12m(dials: Dials, folder: Path) -> tuple[Pair, Refined]:
    """Refine P12M at level 0, and leave out what level 1 takes for outliers, once for both engines.

    Returns
    -------
    tuple
        What level 1 starts from, and the refinement of level 0.
    """
    pair = tuple(folder / f"indexed.{suffix}" for suffix in ("expt", "refl"))
    for source, target in zip((P12M / "dials-423.json", P12M / "dials-423.pickle"), pair, strict=True):
        shutil.copyfile(source, target)
    whole = refine(dials, folder / "level_0", RefinementEngine.BLOCKED, (pair[0], pair[1]), P12M_LEVEL_0)
    options = (*P12M_LEVEL_1, "refinery.max_iterations=1")
    judged = refine(dials, folder / "outliers", RefinementEngine.BLOCKED, whole.pair, options)
    words = ["flag_expression=used_in_refinement", "output.reflections=kept.refl"]
    named = [str(judged.pair[1]), *words]
    found = run_program(dials, folder, "filter_reflections", named, ["kept.refl"], (), UNHURRIED)
    assert found.succeeded, found.log_path.read_text()
    return (whole.pair[0], folder / "kept.refl"), whole


def refine(
    dials: Dials, folder: Path, engine: RefinementEngine, pair: Pair, options: tuple[str, ...]
) -> Refined:
    """Refine in a folder of its own."""
    folder.mkdir()
    found = programs.refine(
        dials,
        folder,
        *pair,
        engine=engine,
        options=(*options, f"output.history={HISTORY}"),
        limits=UNHURRIED,
    )
    assert found.succeeded, found.log_path.read_text()
    assert ("products of blocks" in (folder / "dials.refine.log").read_text()) == (
        engine is RefinementEngine.BLOCKED
    )
    history = json.loads((folder / HISTORY).read_text())["data"]
    return Refined(
        found.cpu_s,
        found.peak_memory_bytes,
        history["rmsd"],
        history["parameter_vector"],
        (folder / "refined.expt", folder / "refined.refl"),
    )
