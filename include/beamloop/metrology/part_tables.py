"""The candidate's panels, and groups of them, as rows of plain values; docs/json.md describes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.geometry.hierarchy import hierarchy_depth, panel_names, parts_at
from beamloop.geometry.models import Document
from beamloop.geometry.panels import group_moves, panel_moves, panels_of
from beamloop.metrology.face import covered_fractions, face_of
from beamloop.metrology.half_split import HalfSplit
from beamloop.metrology.levels import Level, fixed_parts
from beamloop.metrology.tables import rmsd_row


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate beside what was there before, and what the reflections say of both."""

    start: Document  # as the data were imported
    header: Document
    candidate: Document
    level: Level  # the candidate's
    refined: GeometryComparison
    held_out: GeometryComparison
    split: HalfSplit | None


def panel_table(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each panel; it moved with its groups, and by itself."""
    one, level = comparison, comparison.level
    after = panels_of(one.candidate)
    moves, from_header = (panel_moves(panels_of(before), after) for before in (one.start, one.header))
    covered = covered_fractions(face_of(one.candidate), one.refined)
    rows = []
    for place, name in enumerate(panel_names(one.candidate)):
        rows.append(
            {
                "panel": name,
                "used_count": level.panel_counts[place],
                "fixed": name in level.fixed_panels,
                "covered_fraction": float(covered[place]),
                "shift_um": moves.shift_um[place].tolist(),
                "rotation_mrad": moves.rotation_mrad[place].tolist(),
                "shift_from_header_um": from_header.shift_um[place].tolist(),
                "half_split_um": _half_split(one.split, place),
                **_rmsd_rows(one, (place,)),
            }
        )
    return rows


def _half_split(split: HalfSplit | None, place: int) -> list[float] | None:
    if split is None or not split.compared[place]:
        return None
    shift_um: list[float] = split.moves.shift_um[place, :2].tolist()
    return shift_um


def _rmsd_rows(one: Comparison, panels: Sequence[int]) -> dict[str, Any]:
    return {
        name: rmsd_row(reflections, one.level.level, np.isin(reflections.panel, panels))
        for name, reflections in (("refined", one.refined), ("held_out", one.held_out))
    }


def group_table(comparison: Comparison, levels: Sequence[Level]) -> list[dict[str, Any]]:
    """Return a row for each group of panels, level by level down to the candidate's; one panel is none."""
    deepest = min(comparison.level.level, hierarchy_depth(comparison.candidate) - 1)
    return [row for level in levels[1 : 1 + deepest] for row in _groups_at(comparison, level)]


def _groups_at(one: Comparison, level: Level) -> list[dict[str, Any]]:
    parts = [part for part in parts_at(one.candidate, level.level) if len(part.panels) > 1]
    places = [part.panels for part in parts]
    after = panels_of(one.candidate)
    moves, from_header = (group_moves(panels_of(before), after, places) for before in (one.start, one.header))
    halves = _groups_of_halves(one.split, places)
    names, fixed = panel_names(one.candidate), fixed_parts(one.candidate, level)
    return [
        {
            "level": level.level,
            "group": part.name,
            "panels": [names[place] for place in part.panels],
            "used_count": sum(one.level.panel_counts[place] for place in part.panels),
            "fixed": part.name in fixed,
            "shift_um": moves.shift_um[number].tolist(),
            "rotation_mrad": moves.rotation_mrad[number].tolist(),
            "shift_from_header_um": from_header.shift_um[number].tolist(),
            "half_split_um": halves[number],
            **_rmsd_rows(one, part.panels),
        }
        for number, part in enumerate(parts)
    ]


def _groups_of_halves(
    split: HalfSplit | None, groups: Sequence[Sequence[int]]
) -> Sequence[list[float] | None]:
    """Return by how much two halves differ on each group, along its fast and slow; None where they cannot."""
    if split is None:
        return [None] * len(groups)
    compared = np.array(split.compared)
    moves = group_moves(split.first, split.second, groups, compared)
    return [
        moves.shift_um[number, :2].tolist() if compared[list(group)].any() else None
        for number, group in enumerate(groups)
    ]
