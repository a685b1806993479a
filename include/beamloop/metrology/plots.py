"""Pictures of a candidate; matplotlib is imported when something is drawn."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.metrology.face import FIELDS, Face, field_medians

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by every eye.
BEFORE_COLOUR, WHOLE_COLOUR, AFTER_COLOUR = "#E69F00", "#009E73", "#0072B2"
NO_DATA_COLOUR = "#e8e8e8"
AXES = ("X, along fast", "Y, along slow")
FEWEST_IN_FIELD = 3  # a median of fewer says little
TAIL_PERCENT = 2.0  # of the fields lie beyond the colours' ends
ROUND_UM = (1, 2, 3, 5)  # lengths of the key arrow begin with these
ARROW_SHARE = 0.4  # of the root of the smallest panel's area, for the longest arrow
DOTS_PER_INCH = 110


def draw_residual_maps(face: Face, comparison: GeometryComparison, moments: Mapping[str, int]) -> "Figure":
    """Return median residuals over the detector's face: X and Y beside each other, a row for each moment.

    The last two rows, whole detector and candidate, have one scale of colours, so that they compare; what was
    there before can be many times larger, and has its own.

    Parameters
    ----------
    face
        The panels on paper.
    comparison
        The refined reflections with each geometry.
    moments
        Titles of the rows, with the geometry's place in `comparison`.
    """
    from matplotlib.figure import Figure

    maps = {
        title: [field_medians(face, comparison, place, axis, FEWEST_IN_FIELD) for axis in (0, 1)]
        for title, place in moments.items()
    }
    shape = _shape(face)
    figure = Figure(figsize=(11.0, 0.9 + len(maps) * (4.6 * min(max(shape, 0.5), 1.6) + 0.5)),
                    layout="constrained", dpi=DOTS_PER_INCH)  # fmt: skip
    limits_um = _limits_um(maps)
    for row, (title, both) in zip(figure.subplots(len(maps), 2, squeeze=False), maps.items(), strict=True):
        for panel, fields, axis in zip(row, both, AXES, strict=True):
            drawn = _draw_fields(panel, face, fields, limits_um[title])
            panel.set_title(f"{title}: {axis}", fontsize=13)
        figure.colorbar(
            drawn, ax=list(row), shrink=0.85, label="calculated less observed (µm)", extend="both"
        )
    figure.suptitle("Median residuals of reflections, field by field; grey: too few", fontsize=14)
    return figure


def _limits_um(maps: Mapping[str, Sequence[Mapping[Any, float]]]) -> dict[str, float]:
    """Return the ends of each row's colours; those after the first row share one."""
    first, *others = maps
    own = {title: [abs(value) for fields in maps[title] for value in fields.values()] for title in maps}
    shared = [value for title in others for value in own[title]]
    return {title: _end_um(own[title] if title == first else shared) for title in maps}


def _end_um(values: Sequence[float]) -> float:
    return max(float(np.percentile(values, 100 - TAIL_PERCENT)), 1.0) if values else 1.0


def _shape(face: Face) -> float:
    """Return height over width of the face."""
    outlines = np.concatenate([face.outline_mm(panel) for panel in range(len(face.sizes_mm))])
    width, height = np.ptp(outlines, axis=0)
    return float(height / width)


def _draw_fields(axes: Any, face: Face, fields: Mapping[tuple[int, int, int], float], limit_um: float) -> Any:
    from matplotlib.collections import PolyCollection

    grid = np.array(FIELDS)
    corners = [
        face.field_mm(
            panel, tuple(np.array([column, row]) / grid), tuple(np.array([column + 1, row + 1]) / grid)
        )
        for panel, column, row in fields
    ]
    _draw_panels(axes, face, facecolors=NO_DATA_COLOUR)
    drawn = PolyCollection(corners, array=np.array(list(fields.values())), cmap="PuOr", linewidths=0)
    drawn.set_clim(-limit_um, limit_um)
    axes.add_collection(drawn)
    return drawn


def _draw_panels(axes: Any, face: Face, **fill: Any) -> Any:
    """Draw the panels' outlines, slow downwards as images are."""
    from matplotlib.collections import PolyCollection

    outlines = [face.outline_mm(panel) for panel in range(len(face.sizes_mm))]
    drawn = PolyCollection(outlines, edgecolors="#999999", linewidths=0.6, **fill)
    axes.add_collection(drawn)
    axes.autoscale_view()
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_axis_off()
    return drawn


def draw_panels(face: Face, panels: Sequence[Mapping[str, Any]]) -> "Figure":
    """Return the panels' shifts as arrows and their turns as numbers, over the reflections they had.

    Parameters
    ----------
    face
        The panels on paper.
    panels
        Rows of the evidence's table.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 0.8 + 9.0 * min(max(_shape(face), 0.5), 1.4)), layout="constrained",
                    dpi=DOTS_PER_INCH)  # fmt: skip
    axes = figure.add_subplot()
    counts = np.array([row["used_count"] for row in panels], dtype=float)
    drawn = _draw_panels(axes, face, array=counts, cmap="Blues", alpha=0.55)
    drawn.set_clim(0, max(counts.max(), 1.0))
    _draw_arrows(axes, face, panels)
    small = len(panels) > 30
    for place, row in enumerate(panels):
        x, y = face.outline_mm(place)[0]
        turn = "fixed" if row["fixed"] else f"{row['rotation_mrad'][2]:+.2f} mrad"
        axes.annotate(f"{place}: {turn}", (x, y), (3, -3), textcoords="offset points", va="top",
                      fontsize=7 if small else 10)  # fmt: skip
    figure.colorbar(drawn, ax=axes, shrink=0.7, label="reflections refined against")
    axes.set_title("Shift of each panel, and its turn about the normal", fontsize=13, loc="left")
    return figure


def _draw_arrows(axes: Any, face: Face, panels: Sequence[Mapping[str, Any]]) -> None:
    shifts = np.array([row["shift_um"][:2] for row in panels])
    longest_um = float(np.linalg.norm(shifts, axis=1).max()) or 1.0
    mm_per_um = ARROW_SHARE * float(np.sqrt(face.sizes_mm.prod(axis=1).min())) / longest_um
    starts = np.array([face.centre_mm(place) for place in range(len(panels))])
    along = np.stack([face.fast, face.slow], axis=1)
    ends = np.einsum("pk,pkj->pj", shifts, along) * mm_per_um
    arrows = axes.quiver(
        *starts.T, *ends.T, angles="xy", scale_units="xy", scale=1, color="#D55E00", width=0.005
    )
    key_um = _round_length(longest_um)
    axes.quiverkey(arrows, 0.9, 1.01, key_um * mm_per_um, f"{key_um:g} µm", labelpos="E",
                   coordinates="axes", fontproperties={"size": 12})  # fmt: skip


def _round_length(longest_um: float) -> float:
    """Return a round length, not longer than the longest arrow."""
    power = 10.0 ** np.floor(np.log10(longest_um))
    return float(max(first * power for first in ROUND_UM if first * power <= longest_um))


def draw_shells(shells: Sequence[Mapping[str, Any]]) -> "Figure":
    """Return the RMSDs of held-out reflections by resolution, with each geometry."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=(9.0, 4.6), layout="constrained", dpi=DOTS_PER_INCH)
    axes = figure.add_subplot()
    places = np.arange(len(shells))
    for name, colour, marker, label in (
        ("rmsd_before_mm", BEFORE_COLOUR, "o", "as imported"),
        ("rmsd_whole_mm", WHOLE_COLOUR, "^", "whole detector moved"),
        ("rmsd_after_mm", AFTER_COLOUR, "s", "candidate"),
    ):
        values_um = [
            1e3 * np.hypot(*shell["held_out"][name]) if shell["held_out"][name] else np.nan
            for shell in shells
        ]
        axes.semilogy(places, values_um, marker + "-", color=colour, label=label)
    names = [f"{shell['d_max_angstrom']:.2f}-{shell['d_min_angstrom']:.2f}" for shell in shells]
    axes.set_xticks(places, names, fontsize=10)
    axes.set_xlabel("resolution (Å)", fontsize=12)
    axes.set_ylabel("RMSD of held-out reflections\non the detector (µm)", fontsize=12)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="y", which="both", color="#dddddd", linewidth=0.6)
    axes.legend(fontsize=11)
    return figure
