"""`beamloop show`: what became of a collection or a sweep."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.accounts.sweep_account import account_document, gather_account
from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import Event, events_of_collection
from beamloop.catalog.geometry import stale_sweeps
from beamloop.catalog.results import CollectionPlace, recent_collections, results_of_collection
from beamloop.cli.choices import find_collection
from beamloop.cli.failures import when
from beamloop.cli.groups_account import gather_groups, groups_document
from beamloop.cli.groups_text import print_summary
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import load_settings
from beamloop.cli.stale_text import print_stale
from beamloop.cli.sweep_text import print_account
from beamloop.errors import NotFoundError

LISTED = 20
# What a request says stands in the table already.
NOT_FOR_THE_LIST = ("request",)


def show(
    collection: Annotated[
        str | None, typer.Argument(help="A collection's folder or name; none: the newest collections.")
    ] = None,
    sweep: Annotated[str | None, typer.Argument(help="One of its sweeps: everything about it.")] = None,
    run: Annotated[int | None, typer.Option(help="One of the sweep's earlier runs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the newest collections, a collection's sweeps, or what became of one sweep and why."""
    settings = load_settings()
    with Catalog(settings.catalog_dsn) as catalog:
        if collection is None:
            _show_list(catalog, as_json)
            return
        place = _newest(catalog, collection)
        if sweep is None:
            _show_collection(catalog, place, collection, as_json)
            return
        account = gather_account(catalog, settings, place, sweep, run)
        with catalog.transaction() as connection:
            stale = [one for one in stale_sweeps(connection, place.collection_id)
                     if one.run_id == account.run.run_id]  # fmt: skip
    if as_json:
        typer.echo(dump(account_document(account) | {"stale": [asdict(one) for one in stale]}))
        return
    print_account(results_console(), account)
    print_stale(results_console(), stale)


def _newest(catalog: Catalog, text: str) -> CollectionPlace:
    found = find_collection(catalog, text)
    if not found:
        raise NotFoundError(
            f"There is no collection {text!a}.", try_next="`beamloop show` lists the newest ones."
        )
    for other in found[1:]:
        words = f"Another one of this name: {other.directory} (beamline {other.beamline})"
        Console(stderr=True).print(as_text(words, "dim"), soft_wrap=True)
    return found[0]


def _show_collection(catalog: Catalog, place: CollectionPlace, title: str, as_json: bool) -> None:
    with catalog.transaction() as connection:
        results = results_of_collection(connection, place.collection_id)
        events = events_of_collection(connection, place.collection_id)
        account = gather_groups(connection, place)
        stale = stale_sweeps(connection, place.collection_id)
    if as_json:
        more: dict[str, Any] = {"events": [asdict(event) for event in events],
                                "stale": [asdict(sweep) for sweep in stale],
                                "isomorphism": groups_document(account) if account else None}  # fmt: skip
        typer.echo(dump(results_document(title, results) | more))
        return
    console = results_console()
    print_results(console, title, results)
    print_stale(console, stale)
    if account:
        print_summary(console, account)
    _print_events(console, [event for event in events if event.kind not in NOT_FOR_THE_LIST])


def _print_events(console: Console, events: Sequence[Event]) -> None:
    if events:
        console.print("\nWorth knowing")
    for event in events[-LISTED:]:
        words = f"  {when(event.happened_at)}  {event.kind} ({event.actor}): {event.sentence}"
        console.print(as_text(words), soft_wrap=True)
    if len(events) > LISTED:
        console.print(f"  and {len(events) - LISTED} earlier ones, see --json")


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
            e.beamline, as_text(e.name), str(e.sweeps), str(e.ended), str(e.processed),
            f"{e.registered_at:%Y-%m-%d %H:%M:%S}", as_text(str(e.directory)),
        )  # fmt: skip
    Console().print(table)
