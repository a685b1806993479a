"""`beamloop adopt`: take in what DIALS made elsewhere."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from beamloop.adopt.adopt import AdoptedSweep, AdoptionRequest, AdoptionSummary
from beamloop.adopt.adopt import adopt as adopt_folder
from beamloop.adopt.find_pairs import FoundPairs, find_pairs, given_pairs
from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import results_of_collection
from beamloop.cli.choices import person
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import NO_BEAMLINE, load_settings
from beamloop.dials_cli.handle import open_dials
from beamloop.errors import InvalidInputError
from beamloop.services import Services
from beamloop.storage.opening import open_store


def adopt(
    paths: Annotated[
        list[Path],
        typer.Argument(help="A folder, or files: experiments, their reflections, the next experiments, ..."),
    ],
    beamline: Annotated[str, typer.Option(help="Where the data were collected.")] = NO_BEAMLINE,
    trust_pickles: Annotated[
        bool,
        typer.Option(
            "--trust-pickles",
            help="Read pickles that others own or may write. Reading one runs whatever its author wished.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Adopt experiments and reflections that DIALS made elsewhere as processed sweeps.

    The images need not be there. Adopting the same files again does nothing; changed files make a new run.
    The exit code is 1 when a pair was refused; the others are adopted all the same.
    """
    directory, found = _find(paths)
    settings = load_settings()
    console = results_console(stderr=as_json)
    with Catalog(settings.catalog_dsn) as catalog:
        # What may be a pickle is read by a process of its own, not by a fork of the server.
        dials = open_dials(replace(settings.dials, server_directory=None))
        services = Services(catalog, open_store(settings.store), dials, settings.run_root)
        request = AdoptionRequest(directory, found, beamline, person(), trust_pickles)
        summary = adopt_folder(services, request)
        if as_json:
            typer.echo(dump(_document(directory, summary)))
        else:
            _print_table(console, catalog, directory, summary)
    _print_summary(console, summary)
    if summary.refusals:
        raise typer.Exit(1)


def _find(paths: Sequence[Path]) -> tuple[Path, FoundPairs]:
    """Return the folder that becomes the collection, and its pairs."""
    absolute = [Path(os.path.realpath(path.parent), path.name) for path in paths]
    if len(paths) == 1 and not paths[0].is_file():
        directory = Path(os.path.realpath(paths[0]))
        found = find_pairs(directory)
    else:
        directory, found = absolute[0].parent, given_pairs(absolute)
    if not str(directory).isprintable():
        raise InvalidInputError(
            f"The folder {str(directory)!a} has a name that the catalogue cannot keep.",
            try_next="Rename it to plain UTF-8 without control characters.",
        )
    return directory, found


def _print_table(console: Console, catalog: Catalog, directory: Path, summary: AdoptionSummary) -> None:
    if summary.collection_id is None:
        return
    with catalog.transaction() as connection:
        results = results_of_collection(connection, summary.collection_id)
    names = {sweep.name for sweep in summary.sweeps}
    print_results(console, str(directory), [result for result in results if result.sweep in names])


def _print_summary(console: Console, summary: AdoptionSummary) -> None:
    for refusal in summary.refusals:
        console.print(as_text(f"Not adopted: {refusal.pair}: {refusal.why}.", "yellow"), soft_wrap=True)
    if summary.alone:
        names = ", ".join(path.name for path in summary.alone[:10])
        more = f" and {len(summary.alone) - 10} more" if len(summary.alone) > 10 else ""
        console.print(as_text(f"Without a partner of the same name: {names}{more}.", "dim"), soft_wrap=True)
    console.print(as_text(_counts(summary.sweeps)))


def _counts(sweeps: Sequence[AdoptedSweep]) -> str:
    new = [sweep for sweep in sweeps if sweep.is_new]
    crystals = sum(sweep.crystal_count for sweep in new)
    return f"Adopted: {len(new)} sweeps with {crystals} crystals; known already: {len(sweeps) - len(new)}."


def _document(directory: Path, summary: AdoptionSummary) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "collection": str(directory),
        "sweeps": [asdict(sweep) for sweep in summary.sweeps],
        "refused": [asdict(refusal) | {"folder": str(refusal.folder)} for refusal in summary.refusals],
        "alone": [str(path) for path in summary.alone],
    }
