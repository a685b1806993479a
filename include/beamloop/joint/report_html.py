"""The report as one HTML file that needs nothing from anywhere else: no script, no font, no style sheet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

from beamloop.html_report import all_commands, picture, table, whole_page
from beamloop.joint.compare import stayed_members
from beamloop.joint.integrate import Integrated
from beamloop.joint.words import did_it_help, next_thing
from beamloop.records.joint import (
    Comparison,
    CrystalFigures,
    GroupFigures,
    Joint,
    JointStepReport,
    MemberFigures,
)

CAPTIONS = {
    "cells": "Each crystal's axes before (orange circles) and after (blue squares), as deviations from the "
    "mean of all.",
    "rmsds": "How far calculated reflections lie from observed ones. A little more after is what one "
    "detector for all costs.",
    "correlations": "How parameters of beam, detector and crystal depend on each other, for the crystal "
    "whose cell was furthest off: above by itself, below with the others. Dark fields between detector and "
    "cell are what made the single cell uncertain; they fade where the others hold the detector.",
}


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Everything that the page shows."""

    joint: Joint
    comparison: Comparison
    integrated: Sequence[Integrated]
    steps: tuple[JointStepReport, ...]
    images: Mapping[str, str]  # by what they show: addresses that hold the image itself


def report_page(page: ReportPage) -> str:
    """Return the HTML text."""
    joint = page.joint
    title = f"Joint refinement {joint.joint_id}: {joint.collection_name}, group {joint.group_name}"
    parts = (
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{len(joint.members)} crystals, DIALS {escape(joint.dials_version)}, asked for by '
        f"{escape(joint.requested_by)} at {joint.asked_at:%Y-%m-%d %H:%M} UTC</p>",
        _answer(page.comparison),
        "<h2>The group before and after</h2>" + _group_table(page.comparison),
        _image(page, "cells"),
        _image(page, "rmsds"),
        "<h2>The crystals</h2>" + _crystal_table(page.comparison),
        _left(page.comparison),
        "<h2>The tree before and after</h2>" + _trees(page),
        "<h2>Why one detector for all helps</h2>" + _image(page, "correlations")
        if "correlations" in page.images
        else "",
        "<h2>Integration with the joint models</h2>" + _integration(page.integrated),
        "<h2>How it was done</h2>" + _commands(page),
    )
    return whole_page(title, parts)


def _answer(comparison: Comparison) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in comparison.notes)
    kind = "answer kept" if comparison.worse else "answer"
    return (
        f'<div class="{kind}"><p><strong>Did it help?</strong> {escape(did_it_help(comparison))}</p>'
        f"<p><strong>Try next:</strong> {escape(next_thing(comparison))}</p>{notes}</div>"
    )


def _group_table(comparison: Comparison) -> str:
    rows: list[tuple[str, str, str]] = []
    for name, value in (
        ("LCV (%)", lambda g: f"{g.lcv_percent:.2f}"),
        ("aLCV (Å)", lambda g: f"{g.alcv_angstrom:.3f}"),
        ("standard deviation of the axes, largest (%)", lambda g: f"{g.spread_percent:.3f}"),
        ("reflections", lambda g: str(g.used_count)),
        ("RMSD x, y (mm)", lambda g: f"{_number(g.rmsd_x_mm)} {_number(g.rmsd_y_mm)}"),
        ("RMSD phi (deg)", lambda g: _number(g.rmsd_phi_deg)),
        ("detector distance (mm)", _distances),
    ):
        rows.append((name, value(comparison.before), value(comparison.after)))
    setting = f'<p class="quiet">Cells compared in the setting: {escape(comparison.setting)}.</p>'
    return table(("", "before", "after"), rows) + setting


def _distances(group: GroupFigures) -> str:
    least, greatest = group.distance_least_mm, group.distance_greatest_mm
    return f"{least:.3f}" if greatest - least < 5e-4 else f"{least:.3f} to {greatest:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _crystal_table(comparison: Comparison) -> str:
    heads = ("crystal", "no.", "", "a, b, c (Å)", "angles (deg)", "reflections", "RMSD x, y (mm)",
             "phi (deg)", "distance (mm)")  # fmt: skip
    serials = {
        member.name: number for number, (member, _, _) in enumerate(stayed_members(comparison.members), 1)
    }
    rows = [row for member in comparison.members for row in _crystal_rows(member, serials.get(member.name))]
    return f'<div class="wide">{table(heads, rows)}</div>'


def _crystal_rows(member: MemberFigures, serial: int | None) -> Iterable[tuple[str, ...]]:
    """Yield a row before and one after; the serial number is that of the trees' leaves."""
    name, number = member.name, str(serial or "")
    for moment, figures in (("before", member.before), ("after", member.after)):
        if figures:
            yield (name, number, moment, *_crystal_cells(figures))
        name = number = ""


def _crystal_cells(figures: CrystalFigures) -> tuple[str, ...]:
    su = figures.cell_su or (0.0,) * 6
    return (
        " ".join(_with_su(value, error) for value, error in zip(figures.cell[:3], su[:3], strict=True)),
        " ".join(f"{value:.2f}" for value in figures.cell[3:]),
        str(figures.used_count),
        f"{_number(figures.rmsd_x_mm)} {_number(figures.rmsd_y_mm)}",
        _number(figures.rmsd_phi_deg),
        f"{figures.distance_mm:.3f}",
    )


def _with_su(value: float, su: float) -> str:
    """Write 98.312 with 0.017 as 98.312(17), and 5.4289 with 0.0004 as 5.4289(4)."""
    if su <= 0:
        return f"{value:.3f}"
    digits = max(3, ceil(-log10(su)))
    return f"{value:.{digits}f}({round(10**digits * su)})"


def _left(comparison: Comparison) -> str:
    gone = [member for member in comparison.members if not member.after]
    if not gone:
        return "<p>No crystal left.</p>"
    items = "".join(f"<li>{escape(member.name)}: {escape(member.left)}.</li>" for member in gone)
    return f"<h2>Who left, and why</h2><ul>{items}</ul>"


def _trees(page: ReportPage) -> str:
    pictures = "".join(
        picture(page.images[name], name.replace("_", " ")) for name in ("tree_before", "tree_after")
    )
    return f'<div class="side">{pictures}</div>'


def _image(page: ReportPage, name: str) -> str:
    caption = f'<figcaption class="quiet">{CAPTIONS[name]}</figcaption>'
    return f"<figure>{picture(page.images[name], name.replace('_', ' '))}{caption}</figure>"


def _integration(integrated: Sequence[Integrated]) -> str:
    if not integrated:
        return "<p>Not integrated.</p>"
    rows = [
        (one.name, one.mtz or f"none: {one.why}", "yes" if one.for_merging else "no")
        for one in integrated
    ]  # fmt: skip
    return table(("crystal", "MTZ file", "for merging"), rows)


def _commands(page: ReportPage) -> str:
    options = " ".join(page.joint.options.refine)
    cost = table(
        ("step", "programs", "CPU (s)", "memory (MB)"),
        [
            (step.step, str(len(step.programs)), f"{step.cpu_s:.1f}", f"{step.peak_memory_bytes / 1e6:.0f}")
            for step in page.steps
        ],
    )
    argvs = [program.argv for step in page.steps for program in step.programs]
    return f"<p>Options of dials.refine: <code>{escape(options)}</code></p>{cost}{all_commands(argvs)}"
