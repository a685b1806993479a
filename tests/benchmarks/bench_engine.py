"""Metrology's level 1 of the real P12M by both refinement engines; `refine_panels` has more cases."""

from pathlib import Path

from tests.benchmarks.figures import Figures
from tests.benchmarks.refine_panels import ENGINES, prepare
from tests.services.panel_refinement import Refined, refine
from tests.services.served_dials import served_dials


def measure(folder: Path) -> Figures:
    """Refine the same reflections with both; the DIALS server forks each, as Beamloop does."""
    dials = served_dials()
    pair, options = prepare("p12m", dials, folder)
    found = {engine: refine(dials, folder / engine.value, engine, pair, options) for engine in ENGINES}
    blocked, stock = (found[engine] for engine in ENGINES)
    return {
        **{engine.value: _figures(refined) for engine, refined in found.items()},
        "cpu_ratio": blocked.cpu_s / stock.cpu_s,
        "largest_difference_of_rmsd_x_y_mm": max(
            abs(ours - theirs)
            for ours, theirs in zip(blocked.rmsds[-1][:2], stock.rmsds[-1][:2], strict=True)
        ),
    }


def _figures(refined: Refined) -> Figures:
    return {
        "cpu_s": refined.cpu_s,
        "steps": len(refined.parameters) - 1,
        "parameters": len(refined.parameters[0]),
        "peak_memory_bytes": refined.peak_memory_bytes,
    }
