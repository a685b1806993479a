"""Sweeps once more: what would be done, and the asking for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from beamloop.beamlines.changes import Changes, change_parameters, differences
from beamloop.catalog.connection import Catalog
from beamloop.catalog.requests import WantedRun, are_known_work, ask_for_runs
from beamloop.catalog.selection import SelectedSweep
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RequestId
from beamloop.records.plain_text import plain
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
    limits = {sweep.beamline: limits_of(sweep.beamline) for sweep in sweeps}
    wanted = [_wanted(sweep, changes, limits[sweep.beamline]) for sweep in sweeps]
    with catalog.transaction() as connection:
        known = are_known_work(connection, wanted, version)
    return [
        PlannedRun(sweep, run, tuple(differences(sweep.parameters, run.parameters)), is_known)
        for sweep, run, is_known in zip(sweeps, wanted, known, strict=True)
    ]


def _wanted(sweep: SelectedSweep, changes: Changes, limits: ProgramLimits | None) -> WantedRun:
    old = sweep.parameters
    known = replace(old, sample=sweep.said_since or old.sample)
    try:
        new = change_parameters(known, changes, limits or old.limits)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{plain(sweep.collection)}, {plain(sweep.sweep)}: {error.what}",
            try_next=f"{error.try_next} --space-group none or --unit-cell none forgets what the "
            "newest run knew.",
        ) from error
    return WantedRun(sweep.sweep_id, sweep.content_sha256, new)


def by_collection(plan: Sequence[PlannedRun]) -> Iterator[tuple[SelectedSweep, list[PlannedRun]]]:
    """Yield a collection's first sweep, which tells its place, with all its planned runs."""
    for _, runs in groupby(plan, key=lambda run: run.selected.collection_id):
        planned = list(runs)
        yield planned[0].selected, planned


def ask_for_plan(
    catalog: Catalog, plan: Sequence[PlannedRun], version: str, *, requested_by: str, again: bool
) -> list[tuple[SelectedSweep, RequestId]]:
    """Ask for the runs of a plan, collection by collection.

    Parameters
    ----------
    catalog
        Where to.
    plan
        The runs.
    version
        The DIALS that will do the work.
    requested_by
        Who asks.
    again
        Ask for work that is known too.

    Returns
    -------
    list of (SelectedSweep, RequestId)
        A collection's first sweep, which tells its place, and a new request.
    """
    asked = []
    for place, runs in by_collection(plan):
        with catalog.transaction() as connection:
            requests = ask_for_runs(
                connection,
                place.collection_id,
                place.collection_key_name,
                [run.wanted for run in runs],
                version,
                requested_by=requested_by,
                again=again,
            )
        asked += [(place, request_id) for request_id in requests]
    return asked


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
