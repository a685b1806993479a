"""`beamloop groups`: which crystals of a collection belong together."""

from typing import Annotated

import typer

from beamloop.accounts.sweep_account import store_words
from beamloop.catalog.connection import Catalog
from beamloop.cli.choices import choose_collection
from beamloop.cli.groups_account import gather_groups, groups_document
from beamloop.cli.groups_text import print_account
from beamloop.cli.plain_text import plain
from beamloop.cli.results_json import dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import load_settings
from beamloop.errors import NotFoundError


def groups(
    collection: Annotated[str, typer.Argument(help="A collection's folder or name.")],
    beamline: Annotated[str | None, typer.Option(help="Whose, where several have the name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the groups of a collection, what is set aside and why, and what people said."""
    settings = load_settings()
    with Catalog(settings.catalog_dsn) as catalog:
        place = choose_collection(catalog, collection, beamline)
        with catalog.transaction() as connection:
            account = gather_groups(connection, place)
    if account is None:
        raise NotFoundError(
            f"There is no report on {plain(place.name)} yet.",
            try_next="It is made by itself when sweeps are processed; `beamloop show` tells how they stand.",
        )
    if as_json:
        typer.echo(dump(groups_document(account)))
    else:
        print_account(results_console(), account, store_words(settings.store))
