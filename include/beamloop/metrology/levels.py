"""What the refinement at one level of the detector's hierarchy came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beamloop.dials_cli.detector import panel_poses
from beamloop.dials_cli.reflection_table import Flag, read_reflections
from beamloop.geometry.hierarchy import hierarchy_depth, panel_names, parts_at
from beamloop.geometry.models import Document, first_models, read_models

Pair = tuple[Path, Path]  # experiments and reflections
LEVELS = "levels.json"
PANELS, GROUPS, WHOLE = "panels", "groups of panels", "the whole"  # what a level's parts are
SAME_MM = 1e-9  # a panel that was not refined has the very numbers of before


@dataclass(frozen=True, slots=True)
class Level:
    """The detector refined at one level of its hierarchy."""

    level: int  # 1
    used_count: int  # 9109, reflections
    rmsd_mm: tuple[float, float]  # (0.0285, 0.0418)
    rmsd_phi_deg: float  # 0.031
    panel_counts: tuple[int, ...]  # reflections used, by panel
    fixed_panels: tuple[str, ...]  # ("Panel7",): not refined at this level


def read_levels(folder: Path) -> list[Level]:
    """Return what the step refine has found."""
    found = json.loads((folder / LEVELS).read_text("utf-8"))
    names = ("rmsd_mm", "panel_counts", "fixed_panels")
    return [Level(**one | {name: tuple(one[name]) for name in names}) for one in found]


def level_figures(level: int, before: Pair | None, refined: Pair) -> Level:
    """Read what a refinement at a level has left.

    Parameters
    ----------
    level
        Which one.
    before
        What it started from; None: all of the detector was refined.
    refined
        Its experiments and reflections.
    """
    models = read_models(refined[0])
    table = read_reflections(refined[1])
    used = table.has(Flag.USED_IN_REFINEMENT)
    residuals = (table["xyzcal.mm"] - table["xyzobs.mm.value"])[used]  # mm, mm, rad
    x_mm, y_mm, phi_rad = (float(value) for value in np.sqrt(np.mean(residuals**2, axis=0)))
    names = panel_names(models)
    counts = np.bincount(table["panel"][used].astype(np.int64), minlength=len(names))
    return Level(
        level=level,
        used_count=int(used.sum()),
        rmsd_mm=(x_mm, y_mm),
        rmsd_phi_deg=float(np.degrees(phi_rad)),
        panel_counts=tuple(int(count) for count in counts),
        fixed_panels=_fixed(names, before[0], refined[0]) if before else (),
    )


def _fixed(names: Sequence[str], before: Path, after: Path) -> tuple[str, ...]:
    """Name the panels that stand where they stood."""
    poses = [panel_poses(first_models(path)["detector"][0]) for path in (before, after)]
    return tuple(
        name
        for name, old, new in zip(names, *poses, strict=True)
        if np.allclose(old, new, rtol=0, atol=SAME_MM)
    )


def fixed_parts(models: Document, level: Level) -> list[str]:
    """Name the parts of a level that had too little data: none of their panels was moved.

    Parameters
    ----------
    models
        As refined at this level or below.
    level
        Which one.
    """
    if not level.level:
        return []
    names = panel_names(models)
    return [
        part.name
        for part in parts_at(models, level.level)
        if all(names[place] in level.fixed_panels for place in part.panels)
    ]


def kind_of_parts(models: Document, level: int) -> str:
    """Return what a level's parts are called."""
    if not level:
        return WHOLE
    return PANELS if level == hierarchy_depth(models) else GROUPS


def words_of(level: Level, models: Document) -> str:
    """Say in one line what a level came to; `models` as refined at it."""
    x_mm, y_mm = level.rmsd_mm
    words = f"level {level.level}: {level.used_count} reflections, RMSD {x_mm:.4f} {y_mm:.4f} mm"
    if level.level:
        all_parts, fixed = parts_at(models, level.level), fixed_parts(models, level)
        kind = kind_of_parts(models, level.level)
        words += f", {len(all_parts) - len(fixed)} of {len(all_parts)} {kind} refined"
    return words
