"""The closed loop in a shell: the truth, what it bought; and the same as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from beamloop.catalog.metrology_results import MetrologyResult
from beamloop.cli.loop_table import LoopFigures, loop_document, print_loop
from beamloop.cli.metrology_text import metrology_document
from beamloop.cli.truth_geometry import GeometryError
from beamloop.records.geometry import GeometryVersion


@dataclass(frozen=True, slots=True)
class Loop:
    """What came of it."""

    metrology: MetrologyResult
    version: GeometryVersion | None  # that serves data of now; None: the headers' geometry
    error: GeometryError | None
    headers_rms_um: float  # 29.9: of the modules where the headers have them
    headers_distance_mm: float  # -0.4: the headers' distance minus the true one
    figures: Mapping[str, LoopFigures | None]  # by the geometry's name

    @property
    def is_closed(self) -> bool:
        """Whether a refined geometry serves and the next collection was measured with it."""
        return len(self.figures) > 1 and all(self.figures.values())


def print_closed_loop(console: Console, loop: Loop) -> None:
    """Print the truth of the geometry, and what it bought."""
    if loop.version is None or loop.error is None:
        console.print("No geometry serves: the loop stays open.", style="red")
        return
    console.print(
        f"Against the truth: distance off by {loop.error.distance_mm:+.3f} mm "
        f"(headers {loop.headers_distance_mm:+.3f}), modules by {loop.error.modules_rms_um or 0:.1f} µm rms "
        f"(headers {loop.headers_rms_um:.1f}).",
        highlight=False,
    )
    print_loop(console, "The next collection, imported with", loop.figures)


def loop_json(loop: Loop) -> dict[str, Any]:
    """Return the loop as plain values."""
    return {
        "metrology": metrology_document(loop.metrology),
        "geometry_id": loop.version.geometry_id if loop.version else None,
        "distance_error_mm": loop.error.distance_mm if loop.error else None,
        "modules_rms_um": loop.error.modules_rms_um if loop.error else None,
        "headers_distance_error_mm": loop.headers_distance_mm,
        "headers_modules_rms_um": loop.headers_rms_um,
        "next_collection": loop_document(loop.figures),
    }
