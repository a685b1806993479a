"""`beamloop reprocess`: sweeps once more with other parameters; the earlier runs stay."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from beamloop.accounts.reprocessing import PlannedRun, ask_for_plan, make_plan, plan_as_json
from beamloop.accounts.settings_check import check_settings
from beamloop.accounts.stale import HEADERS
from beamloop.beamlines.beamline_file import program_limits
from beamloop.beamlines.changes import Changes
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.geometry import geometry_by_id, stale_sweeps
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.catalog.selection import SelectedSweep, select_sweeps
from beamloop.cli.choices import choose_by_name, choose_collection, parse_since
from beamloop.cli.follow import Standing, follow, read_standing
from beamloop.cli.reprocess_plan import print_plan
from beamloop.cli.requests import fail_when_a_person_is_needed, start_requests
from beamloop.cli.results_json import FORMAT, dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import find_beamline, find_dials, open_catalog
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.adoption import ADOPTED_PROFILE
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId, RequestId
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramLimits

# A collection's first sweep, which tells its place, and the new request.
Asked = list[tuple[SelectedSweep, RequestId]]


def reprocess(
    collection: Annotated[
        str | None, typer.Argument(help="A collection's folder or name; none: everywhere, by the options.")
    ] = None,
    sweep: Annotated[
        list[str] | None, typer.Argument(help="Names or patterns such as 'xtal2*'; none: all sweeps.")
    ] = None,
    outcome: Annotated[
        OutcomeCode | None, typer.Option(help="Only sweeps whose newest run ended so.")
    ] = None,
    beamline: Annotated[str | None, typer.Option(help="Only this beamline.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only sweeps whose newest run ended since: 12h, 2d, 2026-11-20T18:00.")
    ] = None,
    geometry: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only sweeps imported with this geometry (0: headers') that another serves."
        ),
    ] = None,
    space_group: Annotated[str | None, typer.Option(help='E.g. "H 3"; none forgets it.')] = None,
    unit_cell: Annotated[str | None, typer.Option(help="a,b,c,al,be,ga in Å and °; none forgets it.")] = None,
    profile: Annotated[str | None, typer.Option(help="cells (fast summation) or full.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="PROGRAM.OPTION=VALUE for one DIALS program.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Process known work a second time.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow to the end, second chances too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan and results as JSON.")] = False,
) -> None:
    """Process sweeps once more with other parameters; their earlier runs are kept.

    What is not given is as in each sweep's newest run. The exit code is 1 when a program crashed or the
    platform failed; an outcome of the data is no fault.
    """
    console = results_console(stderr=as_json)
    changes = Changes(space_group, unit_cell, profile, tuple(setting or ()))
    dials = find_dials()
    check_settings(dials, changes.settings)
    version = dials.version()
    with open_catalog() as catalog:
        sweeps = _select(catalog, collection, sweep or [], outcome, beamline, since, geometry)
        # What is known with the geometry in force now was followed by a run with the other one.
        again = again or geometry is not None
        plan = make_plan(catalog, sweeps, changes, _limits_of, version)
        print_plan(console, plan, again=again)
        asked = (
            []
            if dry_run
            else ask_for_plan(catalog, plan, version, requested_by="beamloop reprocess", again=again)
        )
        if asked:
            start_requests(catalog, [request_id for _, request_id in asked])
        if asked and wait:
            follow(console, lambda: _standing(catalog, asked))
        if as_json:
            typer.echo(dump(_document(catalog, plan, asked)))
        else:
            _print(console, catalog, asked)
        fail_when_a_person_is_needed(_results(catalog, asked))


def _select(
    catalog: Catalog,
    collection: str | None,
    patterns: Sequence[str],
    outcome: OutcomeCode | None,
    beamline: str | None,
    since: str | None,
    geometry: int | None,
) -> list[SelectedSweep]:
    if collection is None and outcome is None and since is None and geometry is None:
        raise InvalidInputError(
            "It is not said which sweeps to process.",
            try_next="Name a collection, or give --outcome, --since or --geometry.",
        )
    place = choose_collection(catalog, collection, beamline) if collection is not None else None
    with catalog.transaction() as connection:
        found = select_sweeps(
            connection,
            collection_id=place.collection_id if place else None,
            beamline=beamline,
            outcome=outcome,
            since=parse_since(since, datetime.now(UTC)) if since else None,
        )
        if geometry is not None:
            found = _stale(connection, found, GeometryId(geometry))
    chosen = choose_by_name(_with_images(found), patterns)
    if not chosen:
        raise NotFoundError(
            "No sweep that has a run fits.",
            try_next="`beamloop show COLLECTION` lists the sweeps; `beamloop process` makes first runs.",
        )
    return chosen


def _with_images(found: Sequence[SelectedSweep]) -> list[SelectedSweep]:
    """Leave adopted sweeps out."""
    own = [sweep for sweep in found if sweep.parameters.profile != ADOPTED_PROFILE]
    if found and not own:
        raise InvalidInputError(
            "These sweeps were adopted: Beamloop has their results and not their images.",
            try_next="`beamloop process` the folder of their images.",
        )
    return own


def _stale(
    connection: Connection, found: Sequence[SelectedSweep], geometry_id: GeometryId
) -> list[SelectedSweep]:
    """Return the sweeps that were imported with a geometry which does not serve them any more."""
    if geometry_id != HEADERS:
        geometry_by_id(connection, geometry_id)
    stale = {s.run_id for s in stale_sweeps(connection) if (s.imported_id or HEADERS) == geometry_id}
    return [sweep for sweep in found if sweep.run_id in stale]


def _limits_of(beamline: str) -> ProgramLimits | None:
    file = find_beamline(beamline)
    return program_limits(file.limits) if file else None


def _standing(catalog: Catalog, asked: Asked) -> Standing:
    all_of_them = [read_standing(catalog, place.collection_id, request) for place, request in asked]
    results = [result for standing in all_of_them for result in standing.results]
    return Standing(results, any(standing.has_open_request for standing in all_of_them))


def _results(catalog: Catalog, asked: Asked) -> list[SweepResult]:
    return [result for place, request in asked for result in _of(catalog, place.collection_id, request)]


def _of(catalog: Catalog, collection_id: CollectionId, request_id: RequestId) -> list[SweepResult]:
    with catalog.transaction() as connection:
        return results_of_collection(connection, collection_id, request_id)


def _document(catalog: Catalog, plan: Sequence[PlannedRun], asked: Asked) -> dict[str, Any]:
    results = [
        results_document(str(place.directory), _of(catalog, place.collection_id, request_id))
        for place, request_id in asked
    ]
    return {"format": FORMAT, "plan": plan_as_json(plan), "results": results}


def _print(console: Console, catalog: Catalog, asked: Asked) -> None:
    if not asked:
        console.print("Nothing was started.")
    for place, request_id in asked:
        print_results(console, str(place.directory), _of(catalog, place.collection_id, request_id))
