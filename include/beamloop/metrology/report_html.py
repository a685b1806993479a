"""The report as one HTML file that needs nothing from anywhere else: no script, no font, no style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from beamloop.html_report import all_commands, picture, table, whole_page
from beamloop.metrology.report_tables import (
    correlation_part,
    details_of_now,
    fixed_parts,
    group_part,
    held_out_table,
    level_table,
    panel_tables,
    shells_table,
)
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
    metrology, details = page.metrology, details_of_now(page.evidence.details)
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
            "<h2>Held-out reflections</h2>" + held_out_table(details) + _figure(page, "shells"),
            shells_table(details["shells"]),
            "<h2>The detector as a whole</h2>"
            + table(("", "header", "as imported", "candidate"), whole_changes(details["whole"])),
            "<h2>Levels</h2>" + level_table(details),
            group_part(details),
            "<h2>Panels</h2>"
            + _figure(page, "panels")
            + fixed_parts(details)
            + panel_tables(details["panels"]),
            "<h2>Where the detector was found over time</h2>" + _figure(page, "drift")
            if "drift" in page.images
            else "",
            "<h2>What depends on the distance</h2>" + correlation_part(details["correlations"]),
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
