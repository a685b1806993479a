"""The question whether a candidate shall serve, as a person reads it in Airflow: Markdown."""

import re
from collections.abc import Iterator, Sequence
from math import hypot

from beamloop.geometry.candidate_words import distance, name_others, panels, serving
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import GeometryId, GeometryVersion, WaitingCandidate
from beamloop.records.plain_text import plain_line

# What Markdown takes for a sign, so that no header's text becomes a link, a picture or a table.
SIGNS = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")
PANELS_NAMED = 5


def pose_question(
    version: GeometryVersion,
    serving_id: GeometryId | None,
    waiting: Sequence[WaitingCandidate],
    report: str,
) -> tuple[str, str]:
    """Write the question: what would serve, what it does to held-out data, what the answer means.

    Parameters
    ----------
    version
        A candidate that has passed the gate.
    serving_id
        What serves the beamline's data now; None: the headers' geometry.
    waiting
        Other candidates of the detector.
    report
        Where the report is; "" where there is none.

    Returns
    -------
    tuple
        One line, and some paragraphs of Markdown.
    """
    subject = f"{version.beamline}: shall geometry {version.geometry_id} serve?"
    parts = [
        _what(version, serving_id),
        *(_evidence(version.evidence, version.panel_count) if version.evidence else ()),
        f"Report: `{plain_line(report)}`" if report else "",
        _others(waiting),
        _meaning(version.geometry_id),
    ]
    return subject, "\n\n".join(filter(None, parts))


def _text(outside: str) -> str:
    """Return text that came from outside as Markdown that shows it as it is."""
    return SIGNS.sub(r"\\\1", plain_line(outside))


def _what(version: GeometryVersion, serving_id: GeometryId | None) -> str:
    return (
        f"**{_text(version.detector)}**, {panels(version)} refined at level {version.hierarchy_level}, "
        f"{distance(version)}. Now serves {serving(serving_id)}. It has passed the gate."
    )


def _evidence(evidence: Evidence, panel_count: int) -> Iterator[str]:
    before, after = evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm
    rows = [
        f"| {axis} | {was * 1000:.1f} | {now * 1000:.1f} | {_change(was, now)} |"
        for axis, was, now in zip("xy", before, after, strict=True)
    ]
    yield "\n".join(
        (
            f"RMSD of {evidence.held_out_count} reflections that were not refined against:",
            "",
            "| | before, um | after, um | change |",
            "|---|---|---|---|",
            *rows,
        )
    )
    halves = evidence.half_split_um
    agreement = f"two halves of the data agree to {halves:.1f} um; " if halves is not None else ""
    yield (
        f"Panels: {evidence.covered_panel_count} of {panel_count} had enough reflections; {agreement}"
        f"{_shifts(evidence.panels)}"
    )


def _change(was_mm: float, now_mm: float) -> str:
    return f"{100 * (now_mm / was_mm - 1):+.0f} %" if was_mm else ""


def _shifts(panels: Sequence[PanelEvidence]) -> str:
    """Say how far panels moved against each other, those that moved most by name."""
    if not panels:
        return "they keep their places against each other."
    by_shift = sorted(panels, key=lambda panel: hypot(*panel.shift_um), reverse=True)
    rms_um = (sum(hypot(*panel.shift_um) ** 2 for panel in panels) / len(panels)) ** 0.5
    most = ", ".join(
        f"{_text(panel.name)} {panel.shift_um[0]:+.0f} {panel.shift_um[1]:+.0f}"
        for panel in by_shift[:PANELS_NAMED]
    )
    return f"they move by {rms_um:.1f} um rms. Most of all, along fast and slow: {most} um."


def _others(waiting: Sequence[WaitingCandidate]) -> str:
    if not waiting:
        return ""
    return f"Other candidates of this detector wait too: {name_others(waiting)}. One serves at a time."


def _meaning(geometry_id: GeometryId) -> str:
    return (
        "*Promote*: it serves the imports of all data collected from now on; what is processed stays as it "
        f"is. `beamloop geometry promote {geometry_id} --from TIME` lets it serve older data too, "
        f"`beamloop geometry withdraw {geometry_id}` is the way back. *Reject*: it never serves. "
        "Your name and the reason are kept with the decision."
    )
