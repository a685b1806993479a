"""A joint refinement in a shell: the table before and after, and the same as JSON."""

from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.joint_results import JointResult
from beamloop.cli.plain_text import as_text
from beamloop.joint.words import next_thing
from beamloop.records.joint import Comparison, CrystalFigures, GroupFigures, JointState

CRYSTAL_HEADINGS = (
    "crystal", "a, b, c before (Å)", "after", "reflections", "RMSD x, y before (mm)", "after",
)  # fmt: skip


def joint_document(result: JointResult) -> dict[str, Any]:
    """Return a joint refinement as plain values."""
    joint, outcome = result.joint, result.joint.outcome
    return {
        "joint_id": joint.joint_id,
        "group": joint.group_name,
        "state": joint.state.value,
        "sentence": joint.sentence,
        "outcome": outcome.code.value if outcome else None,
        "try_next": _try_next(result),
        "requested_by": joint.requested_by,
        "asked_at": joint.asked_at,
        "dials_version": joint.dials_version,
        "options": joint.options.as_json(),
        "comparison": asdict(result.comparison) if result.comparison else None,
        "steps": [asdict(step) for step in result.steps],
        "files": result.files,
    }


def print_joint(console: Console, result: JointResult) -> None:
    """Print a joint refinement for people."""
    joint = result.joint
    title = f"{joint.collection_name}, group {joint.group_name}: {joint.state.value} (joint {joint.joint_id})"
    console.print(as_text(title, "bold"))
    if joint.sentence:
        console.print(as_text(joint.sentence), soft_wrap=True)
    if result.comparison:
        console.print(_group_table(result.comparison))
        console.print(_crystal_table(result.comparison))
        for note in result.comparison.notes:
            console.print(as_text(note), soft_wrap=True)
        for member in result.comparison.members:
            if member.left:
                console.print(as_text(f"{member.name} left: {member.left}."), soft_wrap=True)
    if advice := _try_next(result):
        console.print(as_text(f"Try next: {advice}"), soft_wrap=True)
    cpu_s = sum(step.cpu_s for step in result.steps)
    memory_mb = max((step.peak_memory_bytes for step in result.steps), default=0) / 1e6
    words = f"{cpu_s:.0f} CPU s, {memory_mb:.0f} MB. Report: {_report(result)}"
    console.print(as_text(words), soft_wrap=True)


def _report(result: JointResult) -> str:
    return result.files.get("report/report.html", "not written yet")


def _try_next(result: JointResult) -> str:
    if result.joint.outcome:
        return result.joint.outcome.try_next
    ended = result.joint.state is not JointState.WAITING
    return next_thing(result.comparison) if ended and result.comparison else ""


def _group_table(comparison: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "before", "after"):
        table.add_column(heading, justify="left" if not heading else "right")
    before, after = comparison.before, comparison.after
    table.add_row("LCV (%)", f"{before.lcv_percent:.2f}", f"{after.lcv_percent:.2f}")
    table.add_row("aLCV (Å)", f"{before.alcv_angstrom:.2f}", f"{after.alcv_angstrom:.2f}")
    table.add_row("spread of the axes (%)", f"{before.spread_percent:.3f}", f"{after.spread_percent:.3f}")
    table.add_row("reflections", str(before.used_count), str(after.used_count))
    table.add_row("RMSD x, y (mm)", _xy(before), _xy(after))
    table.add_row("RMSD phi (°)", _number(before.rmsd_phi_deg), _number(after.rmsd_phi_deg))
    table.add_row("distance (mm)", _distances(before), _distances(after))
    return table


def _crystal_table(comparison: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in CRYSTAL_HEADINGS:
        table.add_column(heading)
    for member in comparison.members:
        old, new = member.before, member.after
        table.add_row(
            as_text(member.name), _axes(old), _axes(new),
            f"{old.used_count if old else ''} {new.used_count if new else 'left'}",
            _xy(old), _xy(new),
        )  # fmt: skip
    return table


def _axes(figures: CrystalFigures | None) -> str:
    return " ".join(f"{length:.3f}" for length in figures.cell[:3]) if figures else ""


def _xy(figures: CrystalFigures | GroupFigures | None) -> str:
    return f"{_number(figures.rmsd_x_mm)} {_number(figures.rmsd_y_mm)}" if figures else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _distances(group: GroupFigures) -> str:
    least, greatest = group.distance_least_mm, group.distance_greatest_mm
    return f"{least:.3f}" if greatest - least < 5e-4 else f"{least:.3f} to {greatest:.3f}"
