"""Metrologies in a shell: a list, one in full, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.metrology_results import MetrologyResult
from beamloop.cli.plain_text import as_text
from beamloop.geometry.repeat_words import how_to_repeat
from beamloop.metrology.words import whole_changes
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import SourceRole
from beamloop.records.metrology import Metrology

ROLES = {SourceRole.REFINED: "refined", SourceRole.HELD_OUT: "held out", None: "left out"}
PANELS_AT_MOST = 100  # in a shell; the report has all


def metrology_document(result: MetrologyResult) -> dict[str, Any]:
    """Return a metrology as plain values."""
    metrology, outcome = result.metrology, result.metrology.outcome
    return {
        "metrology_id": metrology.metrology_id,
        "beamline": metrology.beamline,
        "detector": metrology.detector,
        "distance_mm": metrology.distance_mm,
        "started_from_geometry": metrology.start.geometry_id if metrology.start else None,
        "state": metrology.state.value,
        "sentence": metrology.sentence,
        "outcome": outcome.code.value if outcome else None,
        "try_next": outcome.try_next if outcome else "",
        "geometry_id": metrology.geometry_id,
        "requested_by": metrology.requested_by,
        "asked_at": metrology.asked_at,
        "dials_version": metrology.dials_version,
        "options": metrology.options.as_json(),
        "sweeps": [asdict(sweep) for sweep in metrology.sweeps],
        "evidence": result.evidence.as_json() if result.evidence else None,
        "steps": [asdict(step) for step in result.steps],
        "files": result.files,
    }


def print_list(console: Console, found: Sequence[Metrology]) -> None:
    """Print the newest metrologies, a line each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("metrology", "beamline", "mm", "sweeps", "state", "geometry", "asked", ""):
        table.add_column(heading)
    for one in found:
        table.add_row(
            str(one.metrology_id), as_text(one.beamline), f"{one.distance_mm:.1f}", str(len(one.sweeps)),
            one.state.value, str(one.geometry_id or ""), f"{one.asked_at:%Y-%m-%d %H:%M}",
            as_text(one.sentence),
        )  # fmt: skip
    console.print(table)


def print_metrology(console: Console, result: MetrologyResult) -> None:
    """Print a metrology for people."""
    metrology = result.metrology
    title = f"Metrology {metrology.metrology_id}, {metrology.name}: {metrology.state.value}"
    console.print(as_text(title, "bold"))
    for line in (metrology.detector, metrology.sentence):
        if line:
            console.print(as_text(line), soft_wrap=True)
    # The same models may have been added by hand before: then the evidence has no tables.
    if result.evidence and result.evidence.details:
        _print_evidence(console, result.evidence)
    for sweep in metrology.sweeps:
        role = ROLES[sweep.role] if sweep.role or sweep.why else "offered"
        words = f"{sweep.collection} {sweep.name}: {role}{f', {sweep.why}' if sweep.why else ''}"
        console.print(as_text(words), soft_wrap=True)
    for step in result.steps:
        console.print(as_text(f"{step.step}: {step.finding} ({step.cpu_s:.0f} CPU s)"), soft_wrap=True)
    if advice := metrology.outcome.try_next if metrology.outcome else "":
        console.print(as_text(f"Try next: {advice}"), soft_wrap=True)
    if metrology.outcome:
        console.print(as_text(how_to_repeat(metrology.beamline, _collections(metrology))), soft_wrap=True)
    report = result.files.get("report/report.html", "not written")
    console.print(as_text(f"Report: {report}"), soft_wrap=True)


def _collections(metrology: Metrology) -> set[str]:
    return {sweep.collection for sweep in metrology.sweeps}


def _print_evidence(console: Console, evidence: Evidence) -> None:
    details = evidence.details
    whole = Table("", "header", "as imported", "candidate", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in whole_changes(details["whole"]):
        whole.add_row(*row)
    console.print(whole)
    if details.get("groups"):
        console.print(_parts_table("group", details["groups"]))
    console.print(_parts_table("panel", details["panels"]))


def _parts_table(what: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return how panels, or groups of them, moved; the first ones of many."""
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (
        what, "used", "shift fast, slow (µm)", "turn (mrad)", "halves differ (µm)",
        "held out", "RMSD x, y before (µm)", "after",
    ):  # fmt: skip
        found.add_column(heading)
    for row in rows[:PANELS_AT_MOST]:
        found.add_row(*_part_cells(what, row))
    return found


def _part_cells(what: str, row: Mapping[str, Any]) -> list[Any]:
    held_out = row["held_out"]
    return [
        as_text(f"{row[what]}{', fixed' if row['fixed'] else ''}"),
        str(row["used_count"]),
        _numbers(row["shift_um"][:2], 1.0),
        f"{row['rotation_mrad'][2]:+.2f}",
        _numbers(row["half_split_um"], 1.0),
        str(held_out["count"]),
        _numbers(held_out["rmsd_before_mm"], 1e3),
        _numbers(held_out["rmsd_after_mm"], 1e3),
    ]


def _numbers(values: Sequence[float] | None, times: float) -> str:
    return " ".join(f"{times * value:.1f}" for value in values) if values else ""
