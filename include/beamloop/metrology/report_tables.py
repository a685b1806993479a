"""The tables of a metrology's report: the rows of its evidence as HTML; docs/json.md describes the rows."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from beamloop.html_report import table
from beamloop.metrology.levels import PANELS

MOVED_HEADS = (
    "shift fast, slow, normal (µm)",
    "turn about fast, slow, normal (mrad)",
    "two halves differ, fast, slow (µm)",
)
MOMENTS = ("rmsd_before_mm", "rmsd_whole_mm", "rmsd_after_mm")

Row = Mapping[str, Any]


def details_of_now(details: Row) -> Row:
    """Return the evidence's tables as they are written now.

    Those from before groups of panels were refined name no groups: every part is a panel.
    """
    if "groups" in details:
        return details
    of_panels = {"parts": PANELS, "part_count": len(details["panels"])}
    levels = [{**one, **of_panels, "fixed_parts": one["fixed_panels"]} for one in details["levels"]]
    return {**details, "groups": [], "levels": levels}


def _wide(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f'<div class="wide">{table(heads, rows)}</div>'


def _rmsd_heads() -> tuple[str, ...]:
    return ("reflections", "as imported, x y (µm)", "whole detector moved", "candidate")


def _rmsd_cells(row: Row) -> tuple[str, ...]:
    return (str(row["count"]), *(_pair_um(row[moment]) for moment in MOMENTS))


def _pair_um(pair_mm: Sequence[float] | None) -> str:
    return " ".join(f"{1e3 * value:.1f}" for value in pair_mm) if pair_mm else ""


def held_out_table(details: Row) -> str:
    """Return the RMSDs of held-out and of refined reflections, with each geometry."""
    rows = [("held out", *_rmsd_cells(details["held_out"])), ("refined", *_rmsd_cells(details["refined"]))]
    return table(("RMSD", *_rmsd_heads()), rows)


def shells_table(shells: Iterable[Row]) -> str:
    """Return the RMSDs of held-out reflections by resolution."""
    return _wide(("resolution (Å)", *_rmsd_heads()), map(_shell_row, shells))


def _shell_row(shell: Row) -> tuple[str, ...]:
    edges = f"{shell['d_max_angstrom']:.2f} to {shell['d_min_angstrom']:.2f}"
    return (edges, *_rmsd_cells(shell["held_out"]))


def level_table(details: Row) -> str:
    """Return what each level of the detector's hierarchy came to."""
    heads = ("level", "reflections", "RMSD x, y (µm)", "phi (deg)", "held-out RMSD x, y (µm)", "fixed")
    rows = [
        (
            f"{one['level']}: {one['part_count']} {one['parts']}" if one["level"] else "0: the whole",
            str(one["used_count"]),
            _pair_um(one["rmsd_mm"]),
            f"{one['rmsd_phi_deg']:.4f}",
            _pair_um(one["held_out_rmsd_mm"]),
            str(len(one["fixed_parts"])),
        )
        for one in details["levels"]
    ]
    note = (
        '<p class="quiet">The candidate is the level that fits held-out reflections best. The RMSDs of the '
        "refinement are those of its last step, with beam and detector refined.</p>"
    )
    return table(heads, rows) + note


def fixed_parts(details: Row) -> str:
    """Name the groups and panels that had too little data to be refined."""
    least = details["least_panel_count"]
    names = [f"level {row['level']}, {row['group']}" for row in details["groups"] if row["fixed"]]
    if details["levels"][details["level"]]["parts"] == PANELS:
        names += details["fixed_panels"]
    if not names:
        return "<p>No part had to be fixed.</p>"
    named = escape(", ".join(names))
    return (
        f"<p>Fixed, with fewer than about {least} reflections each that could be used: {named}. "
        "They stayed where the level above put them.</p>"
    )


def group_part(details: Row) -> str:
    """Return the tables of groups of panels, under a heading; nothing where the detector has none."""
    groups = details["groups"]
    if not groups:
        return ""
    named = [(f"level {row['level']}: {row['group']}", len(row["panels"]), row) for row in groups]
    moved = ("group", "", "used", "panels", *MOVED_HEADS)
    cells = [(name, *_used_cells(row), str(count), *_moved_cells(row)) for name, count, row in named]
    fits = [(name, row) for name, _, row in named]
    return "<h2>Groups of panels</h2>" + _wide(moved, cells) + _fit_table("group", fits)


def panel_tables(panels: Sequence[Row]) -> str:
    """Return how each panel moved, and how reflections on it fit before and after."""
    named = [(f"{place}: {row['panel']}", row) for place, row in enumerate(panels)]
    moved = ("panel", "", "used", "face covered", *MOVED_HEADS)
    cells = [
        (name, *_used_cells(row), f"{row['covered_fraction']:.0%}", *_moved_cells(row)) for name, row in named
    ]
    return _wide(moved, cells) + _fit_table("panel", named)


def _fit_table(what: str, named: Sequence[tuple[str, Row]]) -> str:
    first, *others = _rmsd_heads()
    heads = (what, f"refined {first}", *others, f"held-out {first}", *others)
    rows = [(name, *_rmsd_cells(row["refined"]), *_rmsd_cells(row["held_out"])) for name, row in named]
    return _wide(heads, rows)


def _used_cells(row: Row) -> tuple[str, ...]:
    return ("fixed" if row["fixed"] else "", str(row["used_count"]))


def _moved_cells(row: Row) -> tuple[str, ...]:
    halves = row["half_split_um"]
    return (
        " ".join(f"{value:+.1f}" for value in row["shift_um"]),
        " ".join(f"{value:+.2f}" for value in row["rotation_mrad"]),
        " ".join(f"{value:+.1f}" for value in halves) if halves else "",
    )


def correlation_part(rows: Sequence[Row] | None) -> str:
    """Return how each part's distance depends on its other parameters and on the cell."""
    if rows is None:
        return "<p>Not calculated: there are too many parameters and reflections, or its program failed.</p>"
    heads = ("part", "its distance with its own", "its distance with the cell")
    cells = [(row["part"], _coefficient(row["with_own"]), _coefficient(row["with_cell"])) for row in rows]
    note = (
        '<p class="quiet">How alike a part\'s distance acts on the residuals as one of its own shifts and '
        "tilts, or a parameter of the cell: the largest element by amount of the normal matrix, scaled to 1 "
        "on its diagonal. Near 1 the data hardly tell the two apart, only their common effect is known.</p>"
    )
    return _wide(heads, cells) + note


def _coefficient(found: Row | None) -> str:
    if found is None:
        return ""
    return f"{found['coefficient']:+.2f} ({found['parameter']})"
