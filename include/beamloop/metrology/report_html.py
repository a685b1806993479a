"""The report as one HTML file that needs nothing from anywhere else: no script, no font, no style sheet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from beamloop.html_report import all_commands, picture, table, whole_page
from beamloop.metrology.levels import PANELS
from beamloop.metrology.words import next_thing, what_came, whole_changes
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import Metrology, MetrologyStepReport

CAPTIONS = {
    "residual_maps": "Where reflections are predicted against where they are, over the detector's face. "
    "Whole blocks of one colour are panels that stand elsewhere than assumed; what the candidate leaves "
    "should have no pattern. The scale of the first row is its own.",
    "panels": "What each panel moved against the others, the motion of the whole taken off, and by how much "
    "it turned in its plane. Fixed panels had too little data and stayed where the level above put them.",
    "shells": "Held-out reflections were never refined against. Cell and orientation of their crystals are "
    "refined alike with each geometry, beam and detector held; the reflections are the same.",
    "drift": "Each metrology of this detector at this distance: refined less the headers' values. The points "
    "before let one expect the next between the dashed lines; orange ones lie beyond.",
}
MOVED_HEADS = (
    "shift fast, slow, normal (µm)",
    "turn about fast, slow, normal (mrad)",
    "two halves differ, fast, slow (µm)",
)
MOMENTS = ("rmsd_before_mm", "rmsd_whole_mm", "rmsd_after_mm")
ROLES = {"refined": "refined", "held_out": "held out", None: "left out"}


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Everything that the page shows."""

    metrology: Metrology
    geometry_id: GeometryId
    evidence: Evidence
    faults: Sequence[str]  # in what the candidate falls short of the gate
    steps: Sequence[MetrologyStepReport]
    images: Mapping[str, str]  # by what they show: addresses that hold the image itself


def report_page(page: ReportPage) -> str:
    """Return the HTML text."""
    metrology, details = page.metrology, page.evidence.details
    title = f"Metrology {metrology.metrology_id}: {metrology.detector}, {metrology.beamline}"
    return whole_page(
        title,
        (
            f"<h1>{escape(title)}</h1>",
            f'<p class="quiet">{len(metrology.sweeps)} sweeps at {metrology.distance_mm:.1f} mm, DIALS '
            f"{escape(metrology.dials_version)}, asked for by {escape(metrology.requested_by)} at "
            f"{metrology.asked_at:%Y-%m-%d %H:%M} UTC</p>",
            _answer(page),
            "<h2>Residuals before and after</h2>" + _figure(page, "residual_maps"),
            "<h2>Held-out reflections</h2>" + _held_out(details) + _figure(page, "shells"),
            _wide(("resolution (Å)", *_rmsd_heads()), map(_shell_row, details["shells"])),
            "<h2>The detector as a whole</h2>"
            + table(("", "header", "as imported", "candidate"), whole_changes(details["whole"])),
            "<h2>Levels</h2>" + _levels(details["levels"]),
            _groups(details["groups"]),
            "<h2>Panels</h2>" + _figure(page, "panels") + _fixed(details) + _panels(details["panels"]),
            "<h2>Where the detector was found over time</h2>" + _figure(page, "drift")
            if "drift" in page.images
            else "",
            "<h2>What depends on the distance</h2>" + _correlations(details["correlations"]),
            "<h2>Sweeps</h2>" + _sweeps(details["sweeps"]),
            "<h2>How it was done</h2>" + _how(page),
        ),
    )


def _answer(page: ReportPage) -> str:
    kind = "answer kept" if page.faults else "answer"
    said = escape(what_came(page.geometry_id, page.evidence, ()))
    short = "".join(f"<li>{escape(fault)}</li>" for fault in page.faults)
    gate = f"<p>It falls short of the gate:</p><ul>{short}</ul>" if short else "<p>It meets the gate.</p>"
    advice = escape(next_thing(page.geometry_id, page.faults))
    return f'<div class="{kind}"><p><strong>{said}</strong></p>{gate}<p>Try next: {advice}</p></div>'


def _figure(page: ReportPage, name: str) -> str:
    caption = f'<figcaption class="quiet">{CAPTIONS[name]}</figcaption>'
    return f"<figure>{picture(page.images[name], name.replace('_', ' '))}{caption}</figure>"


def _wide(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f'<div class="wide">{table(heads, rows)}</div>'


def _rmsd_heads() -> tuple[str, ...]:
    return ("reflections", "as imported, x y (µm)", "whole detector moved", "candidate")


def _rmsd_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(row["count"]), *(_pair_um(row[moment]) for moment in MOMENTS))


def _pair_um(pair_mm: Sequence[float] | None) -> str:
    return " ".join(f"{1e3 * value:.1f}" for value in pair_mm) if pair_mm else ""


def _held_out(details: Mapping[str, Any]) -> str:
    rows = [("held out", *_rmsd_cells(details["held_out"])), ("refined", *_rmsd_cells(details["refined"]))]
    return table(("RMSD", *_rmsd_heads()), rows)


def _shell_row(shell: Mapping[str, Any]) -> tuple[str, ...]:
    edges = f"{shell['d_max_angstrom']:.2f} to {shell['d_min_angstrom']:.2f}"
    return (edges, *_rmsd_cells(shell["held_out"]))


def _levels(levels: Sequence[Mapping[str, Any]]) -> str:
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
        for one in levels
    ]
    note = (
        '<p class="quiet">The candidate is the level that fits held-out reflections best. The RMSDs of the '
        "refinement are those of its last step, with beam and detector refined.</p>"
    )
    return table(heads, rows) + note


def _fixed(details: Mapping[str, Any]) -> str:
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


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    """Return the tables of groups of panels; nothing where the detector has none."""
    if not groups:
        return ""
    named = [(f"level {row['level']}: {row['group']}", len(row["panels"]), row) for row in groups]
    moved = ("group", "", "used", "panels", *MOVED_HEADS)
    cells = [(name, *_used_cells(row), str(count), *_moved_cells(row)) for name, count, row in named]
    fits = [(name, row) for name, _, row in named]
    return "<h2>Groups of panels</h2>" + _wide(moved, cells) + _fit_table("group", fits)


def _panels(panels: Sequence[Mapping[str, Any]]) -> str:
    named = [(f"{place}: {row['panel']}", row) for place, row in enumerate(panels)]
    moved = ("panel", "", "used", "face covered", *MOVED_HEADS)
    cells = [
        (name, *_used_cells(row), f"{row['covered_fraction']:.0%}", *_moved_cells(row)) for name, row in named
    ]
    return _wide(moved, cells) + _fit_table("panel", named)


def _fit_table(what: str, named: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    first, *others = _rmsd_heads()
    heads = (what, f"refined {first}", *others, f"held-out {first}", *others)
    rows = [(name, *_rmsd_cells(row["refined"]), *_rmsd_cells(row["held_out"])) for name, row in named]
    return _wide(heads, rows)


def _used_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return ("fixed" if row["fixed"] else "", str(row["used_count"]))


def _moved_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    halves = row["half_split_um"]
    return (
        " ".join(f"{value:+.1f}" for value in row["shift_um"]),
        " ".join(f"{value:+.2f}" for value in row["rotation_mrad"]),
        " ".join(f"{value:+.1f}" for value in halves) if halves else "",
    )


def _correlations(rows: Sequence[Mapping[str, Any]] | None) -> str:
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


def _coefficient(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return f"{found['coefficient']:+.2f} ({found['parameter']})"


def _sweeps(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [(f"{row['collection']} {row['sweep']}", ROLES[row["role"]], row["why"]) for row in rows]
    return table(("sweep", "", "why"), cells)


def _how(page: ReportPage) -> str:
    options = page.metrology.options
    cost = table(
        ("step", "programs", "CPU (s)", "memory (MB)"),
        [
            (step.step, str(len(step.programs)), f"{step.cpu_s:.1f}", f"{step.peak_memory_bytes / 1e6:.0f}")
            for step in page.steps
        ],
    )
    said = escape(" ".join((*options.find_spots, *options.index, *options.refine)))
    panels = escape(" ".join(options.panels))
    argvs = [program.argv for step in page.steps for program in step.programs]
    return (
        f"<p>Options: <code>{said}</code>; panel by panel also <code>{panels}</code></p>"
        f"{cost}{all_commands(argvs)}"
    )
