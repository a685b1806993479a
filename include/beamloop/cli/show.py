"""`beamloop show`: what became of a collection."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import find_collections, recent_collections, results_of_collection
from beamloop.cli.results_json import FORMAT, dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import open_catalog
from beamloop.errors import NotFoundError

LISTED = 20


def show(
    collection: Annotated[
        str | None, typer.Argument(help="A collection's folder or name; none: the newest collections.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a collection's sweeps, or the newest collections."""
    with open_catalog() as catalog:
        if collection is None:
            _show_list(catalog, as_json)
        else:
            _show_collection(catalog, collection, as_json)


def _show_collection(catalog: Catalog, text: str, as_json: bool) -> None:
    with catalog.transaction() as connection:
        found = find_collections(connection, text) or find_collections(connection, str(Path(text).resolve()))
        if not found:
            raise NotFoundError(
                f"There is no collection {text!r}.", try_next="`beamloop show` lists the newest ones."
            )
        results = results_of_collection(connection, found[0])
    if as_json:
        typer.echo(dump(results_document(text, results)))
    else:
        print_results(results_console(), text, results)


def _show_list(catalog: Catalog, as_json: bool) -> None:
    with catalog.transaction() as connection:
        entries = recent_collections(connection, LISTED)
    if as_json:
        rows = [{"beamline": e.beamline, "name": e.name, "directory": str(e.directory), "sweeps": e.sweeps,
                 "ended": e.ended, "processed": e.processed} for e in entries]  # fmt: skip
        typer.echo(dump({"format": FORMAT, "collections": rows}))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("beamline", "collection", "sweeps", "ended", "processed", "registered (UTC)", "folder"):
        table.add_column(heading)
    for e in entries:
        table.add_row(
            e.beamline, ascii(e.name)[1:-1], str(e.sweeps), str(e.ended), str(e.processed),
            f"{e.registered_at:%Y-%m-%d %H:%M:%S}", ascii(str(e.directory))[1:-1],
        )  # fmt: skip
    Console().print(table)
