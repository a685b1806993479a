"""`beamloop sample`: what a person knows of a sample."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.connection import Catalog
from beamloop.catalog.samples import sample_by_hand, set_sample
from beamloop.cli.choices import find_collection, person
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.session import open_catalog
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.plain_text import is_utf8
from beamloop.records.sample import Sample

sample_app = typer.Typer(help="Say what is known of a sample.", no_args_is_help=True)

COLLECTION = typer.Argument(help="A collection's folder or name, or a folder that has no images yet.")
AS_JSON = typer.Option("--json", help="Print JSON.")


@sample_app.command("set")
def set_by_hand(
    collection: Annotated[str, COLLECTION],
    space_group: Annotated[str | None, typer.Option(help='Known space group, e.g. "H 3".')] = None,
    unit_cell: Annotated[str | None, typer.Option(help="Known cell: a,b,c,al,be,ga in Å and °.")] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Say it by hand: it counts more than a sidecar file and the beamline's rules, and replaces both."""
    sample = parse_sample(space_group, unit_cell)
    if sample == Sample():
        raise InvalidInputError(
            "Nothing is said of the sample.",
            try_next="Give --space-group, --unit-cell or both; `beamloop sample clear` takes it back.",
        )
    _say(collection, sample, as_json)


@sample_app.command()
def clear(collection: Annotated[str, COLLECTION], as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Take back what was said by hand: the sidecar file or the beamline's rules count again."""
    _say(collection, None, as_json)


def _say(collection: str, sample: Sample | None, as_json: bool) -> None:
    with open_catalog() as catalog:
        directory = _directory(catalog, collection)
        with catalog.transaction() as connection:
            set_sample(connection, directory, sample, person())
            kept = sample_by_hand(connection, directory)
    if as_json:
        cell = kept.sample.unit_cell if kept else None
        document = {
            "format": FORMAT,
            "directory": str(directory),
            "space_group": kept.sample.space_group if kept else None,
            "unit_cell": list(cell.as_tuple()) if cell else None,
            "said_by": kept.said_by if kept else None,
            "said_at": kept.said_at if kept else None,
        }
        typer.echo(dump(document))
        return
    console = Console()
    console.print(
        as_text(f"{directory}: {kept.sample if kept else 'nothing is said by hand'}"), soft_wrap=True
    )
    advice = "New runs use it; `beamloop reprocess` applies it to sweeps that have one already."
    console.print(advice if kept else "The sidecar file or the beamline's rules count again.", soft_wrap=True)


def _directory(catalog: Catalog, text: str) -> Path:
    """Return the folder that is meant: known, or not yet."""
    known = {place.directory for place in find_collection(catalog, text)}
    if len(known) == 1:
        return known.pop()
    if known:
        raise InvalidInputError(
            f"There are {len(known)} collections {text!a}.", try_next="Give the folder instead of the name."
        )
    folder = Path(text).resolve()
    if not is_utf8(str(folder)):
        raise InvalidInputError(f"The folder's name {text!a} is not UTF-8.", try_next="Rename the folder.")
    if not folder.is_dir():
        raise NotFoundError(
            f"There is neither a collection nor a folder {text!a}.",
            try_next="`beamloop show` lists the newest collections.",
        )
    return folder
