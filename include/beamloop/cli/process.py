"""`beamloop process`: a folder of images through Airflow, from the shell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.accounts.settings_check import check_settings
from beamloop.beamlines.beamline_file import Limits, program_limits
from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.cli.follow import follow, read_standing
from beamloop.cli.plain_text import as_text
from beamloop.cli.requests import fail_when_a_person_is_needed, start_requests
from beamloop.cli.results_json import dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import NO_BEAMLINE, find_beamline, find_dials, open_catalog
from beamloop.errors import InvalidInputError
from beamloop.records.collection import FoundCollection
from beamloop.records.identifiers import CollectionId, RequestId
from beamloop.records.images import IMAGE_PATTERNS, data_file_pattern_fault
from beamloop.records.parameters import Parameters
from beamloop.records.sample import Sample
from beamloop.watch.find_sweeps import FolderContent, read_folder
from beamloop.watch.known_sample import KnownSample, SampleSource, know_sample, note_sidecar


def process(
    directory: Annotated[Path, typer.Argument(help="Folder of images; each template in it is a sweep.")],
    space_group: Annotated[str | None, typer.Option(help='Known space group, e.g. "H 3".')] = None,
    unit_cell: Annotated[str | None, typer.Option(help="Known cell: a,b,c,al,be,ga in Å and °.")] = None,
    profile: Annotated[str | None, typer.Option(help="cells (fast summation) or full.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="PROGRAM.OPTION=VALUE for one DIALS program.")
    ] = None,
    beamline: Annotated[str, typer.Option(help="Whose limits and profile apply.")] = NO_BEAMLINE,
    pattern: Annotated[
        list[str] | None, typer.Option(help="Which file names are images; may be repeated.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Process known work a second time.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow to the end, second chances too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Process a folder of images through Airflow.

    The exit code is 1 when a program crashed or the platform failed; an outcome of the data is no fault.
    """
    console = results_console(stderr=as_json)
    said = parse_sample(space_group, unit_cell)
    if setting:
        check_settings(find_dials(), setting)
    content = _read(directory, pattern or IMAGE_PATTERNS, console)
    folder = directory.resolve()
    with open_catalog() as catalog:
        known = _know(catalog, said, folder, beamline)
        _tell(console, known)
        parameters = _parameters(beamline, profile, setting or [], known.sample)
        found = FoundCollection(beamline, folder, content.sweeps, known.sample)
        collection_id, requests = _ask(catalog, found, parameters, again)
        with catalog.transaction() as connection:
            note_sidecar(connection, collection_id, known)
        if not requests:
            console.print("This work is known already; --again repeats it.")
        start_requests(catalog, requests)
        if wait:
            follow(console, lambda: read_standing(catalog, collection_id))
        results = _results(catalog, collection_id)
    _print(console, found, results, as_json)
    fail_when_a_person_is_needed(results)


def _read(directory: Path, patterns: Sequence[str], console: Console) -> FolderContent:
    for pattern in patterns:
        if fault := data_file_pattern_fault(pattern):
            raise InvalidInputError(f"The pattern {fault}.", try_next="Give another --pattern.")
    content = read_folder(directory.resolve(), patterns)
    for name in content.strangers:
        console.print(f"Not an image of a sweep (no image number): {name!r}", style="yellow", markup=False)
    for words in content.twins:
        console.print(as_text(words, "yellow"), soft_wrap=True)
    if not content.sweeps:
        raise InvalidInputError(
            f"The folder {str(directory)!r} has no images ({', '.join(patterns)}): numbered files, or master "
            "files.",
            try_next="Name the folder that holds the images, or give --pattern.",
        )
    return content


def _know(catalog: Catalog, said: Sample, directory: Path, beamline: str) -> KnownSample:
    """Return what this call says of the sample, else what is known of it."""
    if said != Sample():
        return KnownSample(said, SampleSource.CALL)
    file = find_beamline(beamline)
    rule = file.parameters_for(directory.name).sample if file else Sample()
    with catalog.transaction() as connection:
        return know_sample(connection, directory, rule)


def _tell(console: Console, known: KnownSample) -> None:
    if known.fault:
        console.print(as_text(f"{known.fault.what} {known.fault.try_next}", "yellow"), soft_wrap=True)
    if known.sample != Sample() and known.source is not SampleSource.CALL:
        console.print(as_text(f"Known of the sample: {known.sample} ({known.source})."), soft_wrap=True)


def _parameters(beamline: str, profile: str | None, settings: list[str], sample: Sample) -> Parameters:
    file = find_beamline(beamline)
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


def _results(catalog: Catalog, collection_id: CollectionId) -> list[SweepResult]:
    with catalog.transaction() as connection:
        return results_of_collection(connection, collection_id)


def _print(console: Console, found: FoundCollection, results: list[SweepResult], as_json: bool) -> None:
    if as_json:
        typer.echo(dump(results_document(str(found.directory), results)))
    else:
        print_results(console, str(found.directory), results)
