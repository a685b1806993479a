"""Figures of a joint refinement; matplotlib is imported when something is drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from beamloop.dials_cli.correlations import Correlations
from beamloop.joint.compare import common_cells, stayed_members
from beamloop.joint.gate import position_rmsd_mm
from beamloop.records.joint import Comparison
from beamloop.unit_cells.drawing import draw_tree, save_figure
from beamloop.unit_cells.tree import cluster_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by every eye: orange before, blue after.
BEFORE_COLOUR, AFTER_COLOUR = "#E69F00", "#0072B2"
AXES = ("a", "b", "c")
# In this order: the second is the beginning of the first.
SHORT_NAMES = (("Crystalg_param_", "cell "), ("Crystal", "U "), ("Detector1", ""), ("Beam1", "beam "))
NAMED_AT_MOST = 40  # crystals whose names fit below a plot


def draw_all(comparison: Comparison, folder: Path) -> dict[str, Path]:
    """Draw trees, cells and RMSDs before and after; return the SVG files by what they show."""
    before, after, setting = common_cells(comparison.members)
    figures = {
        "cells": draw_cells(comparison),
        "rmsds": draw_rmsds(comparison),
        "tree_before": draw_tree(cluster_cells(before), words=f"before, {setting} cells"),
        "tree_after": draw_tree(cluster_cells(after), words=f"after, {setting} cells"),
    }
    return {name: _save(figure, folder / f"{name}.svg") for name, figure in figures.items()}


def _save(figure: "Figure", path: Path) -> Path:
    save_figure(figure, path)
    return path


def draw_cells(comparison: Comparison) -> "Figure":
    """Return the axes of every crystal before and after, as deviations from the mean in percent."""
    from matplotlib.figure import Figure

    before, after, _ = common_cells(comparison.members)
    names = [member.name for member, _, _ in stayed_members(comparison.members)]
    figure = Figure(figsize=(_width(names), 6.5), layout="constrained")
    places = np.arange(len(names))
    for row, (axis, panel) in enumerate(zip(AXES, figure.subplots(3, 1, sharex=True), strict=True)):
        for cells, colour, marker, label in (
            (before, BEFORE_COLOUR, "o", "before"),
            (after, AFTER_COLOUR, "s", "after"),
        ):
            mean = cells[:, row].mean()
            panel.plot(places, 100 * (cells[:, row] / mean - 1), marker, color=colour, ms=6, label=label)
        panel.axhline(0, color="0.7", lw=1, zorder=0)
        panel.set_ylabel(f"{axis} - mean (%)", fontsize=11)
    _name_places(panel, names)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=11)
    return figure


def draw_rmsds(comparison: Comparison) -> "Figure":
    """Return the RMSDs of every crystal before and after, on the detector and in angle."""
    from matplotlib.figure import Figure

    stayed = stayed_members(comparison.members)
    names = [member.name for member, _, _ in stayed]
    figure = Figure(figsize=(_width(names), 5.5), layout="constrained")
    places = np.arange(len(names))
    on_detector, in_angle = figure.subplots(2, 1, sharex=True)
    for shift, (moment, colour) in enumerate((("before", BEFORE_COLOUR), ("after", AFTER_COLOUR))):
        crystals = [(old, new)[shift] for _, old, new in stayed]
        bars = places + 0.4 * (shift - 0.5)
        position_mm = [position_rmsd_mm(crystal) or 0.0 for crystal in crystals]
        on_detector.bar(bars, position_mm, 0.4, color=colour, label=moment)
        in_angle.bar(bars, [crystal.rmsd_phi_deg or 0.0 for crystal in crystals], 0.4, color=colour)
    on_detector.set_ylabel("RMSD, detector (mm)", fontsize=11)
    in_angle.set_ylabel("RMSD, phi (deg)", fontsize=11)
    _name_places(in_angle, names)
    figure.legend(*on_detector.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=11)
    return figure


def _width(names: Sequence[str]) -> float:
    """Return a figure's width in inches."""
    return min(max(7.0, 0.28 * len(names) + 1.5), 20.0)


def _name_places(panel: Any, names: Sequence[str]) -> None:
    if len(names) <= NAMED_AT_MOST:
        panel.set_xticks(range(len(names)), names, rotation=90 if len(names) > 6 else 0, fontsize=9)
    else:
        panel.set_xlabel("crystal, in the order of the table", fontsize=11)


def draw_correlations(alone: Correlations, joint: Correlations) -> "Figure":
    """Return the correlations of one crystal's parameters, by itself and with the others, by residual."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 9.0), layout="constrained")
    panels = figure.subplots(2, len(joint.matrices))
    for row, (moment, found) in zip(panels, (("alone", alone), ("joint", joint)), strict=True):
        labels = [_short(label) for label in found.labels]
        for panel, (residual, matrix) in zip(row, found.matrices.items(), strict=True):
            shown = panel.imshow(matrix, cmap="PuOr", vmin=-1, vmax=1)
            panel.set_xticks(range(len(labels)), labels, rotation=90, fontsize=8)
            panel.set_yticks(range(len(labels)), labels, fontsize=8)
            panel.set_title(f"{moment}: residuals in {residual}", fontsize=12)
    figure.colorbar(shown, ax=panels, shrink=0.6, label="correlation")
    return figure


def _short(label: str) -> str:
    """Return DIALS's name of a parameter without what is the same for all."""
    for long, short in SHORT_NAMES:
        label = label.replace(long, short, 1)
    return label
