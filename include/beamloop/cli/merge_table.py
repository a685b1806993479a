"""A merge in a shell: the table of statistics, and the same as JSON."""

from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.merging import MergeResult
from beamloop.cli.plain_text import as_text
from beamloop.records.merging import MergedData, ShellFigures

HEADINGS = (
    "resolution (Å)", "observations", "unique", "completeness (%)", "multiplicity", "Rmeas", "CC1/2", "I/σ",
)  # fmt: skip


def merge_document(result: MergeResult) -> dict[str, Any]:
    """Return a merge as plain values."""
    merge, outcome = result.merge, result.merge.outcome
    return {
        "merge_id": merge.merge_id,
        "group": merge.group_name,
        "state": merge.state.value,
        "sentence": merge.sentence,
        "outcome": outcome.code.value if outcome else None,
        "try_next": outcome.try_next if outcome else "",
        "requested_by": merge.requested_by,
        "asked_at": merge.asked_at,
        "dials_version": merge.dials_version,
        "options": merge.options.as_json(),
        "members": [asdict(member) for member in merge.members],
        "merged": asdict(result.merged) if result.merged else None,
        "files": result.files,
        "cpu_s": result.cpu_s,
        "peak_memory_bytes": result.peak_memory_bytes,
    }


def print_merge(console: Console, result: MergeResult) -> None:
    """Print a merge for people."""
    merge = result.merge
    title = f"{merge.collection_name}, group {merge.group_name}: {merge.state.value} (merge {merge.merge_id})"
    console.print(as_text(title, "bold"))
    if merge.sentence:
        console.print(as_text(merge.sentence), soft_wrap=True)
    if result.merged:
        console.print(as_text(_cell_words(result.merged)), soft_wrap=True)
        console.print(_table(result.merged))
    for member in merge.members:
        if member.left_why:
            console.print(as_text(f"{member.sweep_name} is left out: {member.left_why}."), soft_wrap=True)
    if merge.outcome:
        console.print(as_text(f"Try next: {merge.outcome.try_next}"), soft_wrap=True)
    words = f"{result.cpu_s:.0f} CPU s, {result.peak_memory_bytes / 1e6:.0f} MB. "
    console.print(as_text(f"{words}MTZ: {result.files.get('merged.mtz', 'none')}"), soft_wrap=True)


def _cell_words(merged: MergedData) -> str:
    lengths = " ".join(f"{length:.3f}" for length in merged.cell[:3])
    angles = " ".join(f"{angle:.2f}" for angle in merged.cell[3:])
    return f"{merged.space_group}, {lengths} Å, {angles}°"


def _table(merged: MergedData) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for shell in merged.shells:
        table.add_row(*_row(shell))
    table.add_section()
    table.add_row(*_row(merged.overall))
    return table


def _row(shell: ShellFigures) -> tuple[str, ...]:
    return (
        f"{shell.d_max_angstrom:.2f} to {shell.d_min_angstrom:.2f}",
        str(shell.observation_count),
        str(shell.unique_count),
        _number(shell.completeness_percent, 1),
        _number(shell.multiplicity, 1),
        _number(shell.r_meas, 3),
        _number(shell.cc_half, 3),
        _number(shell.i_over_sigma, 1),
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
