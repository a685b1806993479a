"""`beamloop metrology`: calibrate a detector from its sweeps, and show what came of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from beamloop.beamlines.find_rules import geometry_rules_of
from beamloop.beamlines.profiles import parse_settings
from beamloop.catalog.metrology_results import MetrologyResult, newest_metrologies
from beamloop.cli.choices import choose_collection
from beamloop.cli.metrology_requests import ask_and_start, follow_metrologies, results_of
from beamloop.cli.metrology_text import metrology_document, print_list, print_metrology
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import find_dials, load_settings, open_catalog
from beamloop.dials_cli.option_list import check_options
from beamloop.errors import InvalidInputError
from beamloop.metrology.ask import options_for
from beamloop.records.identifiers import CollectionId
from beamloop.records.metrology import MetrologyId, MetrologyOptions, MetrologyState

metrology_app = typer.Typer(
    help="Calibrate a detector from its sweeps: run, or show what came of it.", no_args_is_help=True
)

PROGRAMS = ("find_spots", "index", "refine")
AS_JSON = typer.Option("--json", help="Print JSON.")
BEAMLINE = typer.Option(help="Only this beamline's detector.")


@metrology_app.command()
def run(
    beamline: Annotated[str | None, BEAMLINE] = None,
    collection: Annotated[
        str | None,
        typer.Option(help="Only this collection's sweeps, by folder or name; none: the last week's."),
    ] = None,
    level: Annotated[
        int | None,
        typer.Option(min=0, help="Deepest level: 0 the whole detector, 1 its groups or panels; none: all."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="PROGRAM.OPTION=VALUE for find_spots, index or refine."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Calibrate from known data a second time.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow until the candidate and its report are there.")] = True,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Calibrate detectors from new data, each at each of its distances, and follow it.

    The exit code is 1 when a program or the platform failed; data that give no candidate are no fault.
    """
    if beamline is None and collection is None:
        raise InvalidInputError(
            "It is not said whose detector is to be calibrated.", try_next="Give --beamline or --collection."
        )
    changes = _settings(setting or [])
    console = results_console(stderr=as_json)

    def options_of(name: str) -> MetrologyOptions:
        rules = geometry_rules_of(load_settings().beamlines_directory, name)
        return _changed(options_for(rules), changes, level)

    with open_catalog() as catalog:
        place = None if collection is None else choose_collection(catalog, collection, beamline)
        collection_id = None if place is None else CollectionId(place.collection_id)
        asked = ask_and_start(
            catalog, options_of, beamline=beamline, collection_id=collection_id, again=again
        )
        if not asked:
            console.print("Nothing is new: no sweep to use, or these are used already. --again repeats it.")
        elif wait:
            follow_metrologies(catalog, asked, console)
        results = results_of(catalog, asked)
    _print(results, as_json)
    if any(result.metrology.state is MetrologyState.FAILED for result in results):
        raise typer.Exit(1)


@metrology_app.command()
def show(
    number: Annotated[
        int | None, typer.Argument(help="The metrology's number; none: list the newest.")
    ] = None,
    beamline: Annotated[str | None, BEAMLINE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show a metrology: what came of it, which sweeps and why, where the report is. Or list the newest."""
    with open_catalog() as catalog:
        if number is not None:
            _print(results_of(catalog, [MetrologyId(number)]), as_json)
            return
        with catalog.transaction() as connection:
            found = newest_metrologies(connection, beamline)
        if not as_json:
            print_list(results_console(), found)
            return
        _print(results_of(catalog, [one.metrology_id for one in found]), as_json)


def _settings(settings: Sequence[str]) -> dict[str, list[str]]:
    added = parse_settings(settings)
    if others := sorted(set(added) - set(PROGRAMS)):
        raise InvalidInputError(
            f"Metrology takes no options for {', '.join(others)}.",
            try_next="For example: --set refine.outlier.algorithm=mcd",
        )
    if added:
        check_options(find_dials(), added)
    return added


def _changed(options: MetrologyOptions, changes: dict[str, list[str]], level: int | None) -> MetrologyOptions:
    """Return options with a person's behind the defaults: the last word on an option counts."""
    return replace(
        options,
        find_spots=(*options.find_spots, *changes.get("find_spots", ())),
        index=(*options.index, *changes.get("index", ())),
        refine=(*options.refine, *changes.get("refine", ())),
        deepest_level=options.deepest_level if level is None else level,
    )


def _print(results: Sequence[MetrologyResult], as_json: bool) -> None:
    if as_json:
        documents = [metrology_document(result) for result in results]
        typer.echo(dump({"format": FORMAT, "metrologies": documents}))
        return
    for result in results:
        print_metrology(results_console(), result)
