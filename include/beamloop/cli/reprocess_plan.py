"""What `beamloop reprocess` is about to do, before it does it."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console

from beamloop.accounts.reprocessing import PlannedRun, by_collection
from beamloop.cli.plain_text import as_text


def print_plan(console: Console, plan: Sequence[PlannedRun], *, again: bool) -> None:
    """Say what will be done and what will not."""
    for place, runs in by_collection(plan):
        todo = [run for run in runs if again or not run.is_known]
        console.print(
            as_text(f"{place.collection} ({place.beamline}): {_sweeps(len(todo))} to process", "bold")
        )
        for changes, group in groupby(sorted(todo, key=lambda run: run.changes), key=lambda run: run.changes):
            console.print(as_text(f"  {_names(list(group))}"), soft_wrap=True)
            for words in changes or ("the same parameters as in the newest run",):
                console.print(as_text(f"    {words}", "cyan"), soft_wrap=True)
        left = [run for run in runs if run.is_known and not again]
        if left:
            words = f"  known with these parameters, --again repeats: {_names(left)}"
            console.print(as_text(words, "dim"), soft_wrap=True)


def _sweeps(count: int) -> str:
    return f"{count} sweep" if count == 1 else f"{count} sweeps"


def _names(runs: Sequence[PlannedRun]) -> str:
    return ", ".join(run.selected.sweep for run in runs)
