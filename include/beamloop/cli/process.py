"""`beamloop process`: a folder of images through Airflow, from the shell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.beamlines.beamline_file import Limits, program_limits, read_beamlines
from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_by_id, request_processing
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.cli.follow import follow
from beamloop.cli.results_json import dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import find_dials, load_settings, open_airflow
from beamloop.errors import InvalidInputError
from beamloop.records.collection import FoundCollection
from beamloop.records.identifiers import CollectionId, RequestId
from beamloop.records.images import IMAGE_PATTERNS
from beamloop.records.outcome import NEED_A_PERSON
from beamloop.records.parameters import Parameters
from beamloop.records.sample import Sample
from beamloop.watch.find_sweeps import FolderContent, read_folder

DAG = "process_collection"


def process(
    directory: Annotated[Path, typer.Argument(help="Folder of images; each template in it is a sweep.")],
    space_group: Annotated[str | None, typer.Option(help='Known space group, e.g. "H 3".')] = None,
    unit_cell: Annotated[str | None, typer.Option(help="Known cell: a,b,c,al,be,ga in Å and °.")] = None,
    profile: Annotated[str | None, typer.Option(help="cells (fast summation) or full.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="PROGRAM.OPTION=VALUE for one DIALS program.")
    ] = None,
    beamline: Annotated[str, typer.Option(help="Whose limits and profile apply.")] = "local",
    pattern: Annotated[
        list[str] | None, typer.Option(help="Which file names are images; may be repeated.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Process known work a second time.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow until every sweep has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Process a folder of images through Airflow.

    The exit code is 1 when a program crashed or the platform failed; an outcome of the data is no fault.
    """
    console = results_console(stderr=as_json)
    sample = parse_sample(space_group, unit_cell)
    content = _read(directory, pattern or IMAGE_PATTERNS, console)
    parameters = _parameters(beamline, profile, setting or [], sample)
    found = FoundCollection(beamline, directory.resolve(), content.sweeps, sample)
    with Catalog(load_settings().catalog_dsn) as catalog:
        collection_id, requests = _ask(catalog, found, parameters, again)
        if not requests:
            console.print("This work is known already; --again repeats it.")
        _start(catalog, requests)
        if wait:
            follow(console, lambda: _results(catalog, collection_id))
        results = _results(catalog, collection_id)
    _print(console, found, results, as_json)
    if any(result.outcome and result.outcome.code in NEED_A_PERSON for result in results):
        raise typer.Exit(1)


def _read(directory: Path, patterns: Sequence[str], console: Console) -> FolderContent:
    content = read_folder(directory.resolve(), patterns)
    for name in content.strangers:
        console.print(f"Not an image of a sweep (no image number): {name!r}", style="yellow", markup=False)
    if not content.sweeps:
        raise InvalidInputError(
            f"The folder {str(directory)!r} has no images ({', '.join(patterns)}) with a number before the "
            "suffix.",
            try_next="Name the folder that holds the images, or give --pattern.",
        )
    return content


def _parameters(beamline: str, profile: str | None, settings: list[str], sample: Sample) -> Parameters:
    known, _ = read_beamlines(load_settings().beamlines_directory)
    file = next((entry for entry in known if entry.beamline == beamline), None)
    return make_parameters(
        profile or (file.profile if file else "cells"),
        settings=[*(file.settings if file else []), *settings],
        sample=sample,
        limits=program_limits(file.limits if file else Limits()),
    )


def _ask(
    catalog: Catalog, found: FoundCollection, parameters: Parameters, again: bool
) -> tuple[CollectionId, list[RequestId]]:
    version = find_dials().version()
    with catalog.transaction() as connection:
        return request_processing(
            connection, found, parameters, version, requested_by="beamloop process", again=again
        )


def _start(catalog: Catalog, requests: list[RequestId]) -> None:
    """Start a DAG run per request; where Airflow is away, the watcher starts it when it is back."""
    with open_airflow() as airflow:
        for request_id in requests:
            with catalog.transaction() as connection:
                dag_run_id = request_by_id(connection, request_id).dag_run_id
            airflow.trigger(DAG, dag_run_id, {"request_id": request_id})


def _results(catalog: Catalog, collection_id: CollectionId) -> list[SweepResult]:
    with catalog.transaction() as connection:
        return results_of_collection(connection, collection_id)


def _print(console: Console, found: FoundCollection, results: list[SweepResult], as_json: bool) -> None:
    if as_json:
        typer.echo(dump(results_document(str(found.directory), results)))
    else:
        print_results(console, str(found.directory), results)
