"""What `beamloop reprocess` is about to do, before it does it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from rich.console import Console

from beamloop.beamlines.changes import Changes, change_parameters, differences
from beamloop.catalog.connection import Catalog
from beamloop.catalog.requests import WantedRun, is_known_work
from beamloop.catalog.selection import SelectedSweep
from beamloop.cli.plain_text import as_text, plain
from beamloop.errors import InvalidInputError
from beamloop.records.program import ProgramLimits

LimitsOf = Callable[[str], ProgramLimits | None]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A sweep, and the run that it would get."""

    selected: SelectedSweep
    wanted: WantedRun
    changes: tuple[str, ...]  # ("space group none → H 3",), against the newest run
    is_known: bool  # a run with these parameters, images and DIALS is there


def make_plan(
    catalog: Catalog, sweeps: Sequence[SelectedSweep], changes: Changes, limits_of: LimitsOf, version: str
) -> list[PlannedRun]:
    """Return the runs that the sweeps would get.

    What is not changed is as in the sweep's newest run, except what a person said of the sample since,
    and the limits, which are the beamline's present ones.

    Parameters
    ----------
    catalog
        Where it is known what is done.
    sweeps
        What to process.
    changes
        What is to be otherwise.
    limits_of
        Returns a beamline's limits, or None where it has no file.
    version
        The DIALS that will do the work.

    Raises
    ------
    InvalidInputError
        When the changes do not fit a sweep; names it.
    """
    with catalog.transaction() as connection:
        planned = []
        for sweep in sweeps:
            old = sweep.parameters
            known = replace(old, sample=sweep.said_since or old.sample)
            try:
                new = change_parameters(known, changes, limits_of(sweep.beamline) or old.limits)
            except InvalidInputError as error:
                raise InvalidInputError(
                    f"{plain(sweep.collection)}, {plain(sweep.sweep)}: {error.what}",
                    try_next=f"{error.try_next} --space-group none or --unit-cell none forgets what the "
                    "newest run knew.",
                ) from error
            wanted = WantedRun(sweep.sweep_id, sweep.content_sha256, new)
            is_known = is_known_work(connection, wanted, version)
            planned.append(PlannedRun(sweep, wanted, tuple(differences(old, new)), is_known))
    return planned


def by_collection(plan: Sequence[PlannedRun]) -> Iterator[tuple[SelectedSweep, list[PlannedRun]]]:
    """Yield a collection's first sweep, which tells its place, with all its planned runs."""
    for _, runs in groupby(plan, key=lambda run: run.selected.collection_id):
        planned = list(runs)
        yield planned[0].selected, planned


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


def plan_as_json(plan: Sequence[PlannedRun]) -> list[dict[str, Any]]:
    """Return a plan as plain values, see docs/json.md."""
    return [
        {
            "beamline": run.selected.beamline,
            "collection": run.selected.collection,
            "directory": str(run.selected.directory),
            "sweep": run.selected.sweep,
            "newest_run_id": run.selected.run_id,
            "changes": list(run.changes),
            "known": run.is_known,
            "parameters": run.wanted.parameters.as_json(),
        }
        for run in plan
    ]
