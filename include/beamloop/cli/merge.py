"""`beamloop merge`: one MTZ file of each isomorphous group, and how good it is."""

from typing import Annotated

import typer

from beamloop.beamlines.group_rules import group_rules_of
from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.choices import choose_collection, person
from beamloop.cli.merge_requests import follow_merges, results_of, start_merges
from beamloop.cli.merge_table import merge_document, print_merge
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import find_dials, load_settings, open_catalog
from beamloop.errors import InvalidInputError
from beamloop.merging.ask import Asked, ask_for_groups
from beamloop.records.merging import MergeState


def merge(
    collection: Annotated[str, typer.Argument(help="A collection's folder or name.")],
    group: Annotated[str | None, typer.Option(help='Only this group, e.g. "A".')] = None,
    d_min: Annotated[
        float | None, typer.Option(min=0.3, help="Leave out what lies beyond this resolution, in Å.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow until it has ended.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Scale and merge each group of a collection; what is merged already is shown.

    The exit code is 1 when a group could not be merged.
    """
    with open_catalog() as catalog:
        place = choose_collection(catalog, collection)
        asked = _ask(catalog, place, group, d_min)
        dag_run_id = start_merges(catalog, asked.merge_ids)
        if dag_run_id and wait:
            follow_merges(catalog, asked.merge_ids, dag_run_id, results_console(stderr=as_json))
        results = results_of(catalog, asked.merge_ids)
    if as_json:
        documents = [merge_document(result) for result in results]
        document = {"format": FORMAT, "collection": str(place.directory), "merges": documents}
        typer.echo(dump(document | {"refused": dict(asked.refusals)}))
    else:
        console = results_console()
        for result in results:
            print_merge(console, result)
        for name, why in asked.refusals.items():
            console.print(as_text(f"Group {name} is not merged. {why}"), soft_wrap=True)
    if any(result.merge.state is MergeState.FAILED for result in results):
        raise typer.Exit(1)


def _ask(catalog: Catalog, place: CollectionPlace, group: str | None, d_min: float | None) -> Asked:
    rules = group_rules_of(load_settings().beamlines_directory, place.beamline)
    with catalog.transaction() as connection:
        asked = ask_for_groups(
            connection,
            find_dials().version(),
            place.collection_id,
            requested_by=person(),
            group=group,
            d_min_angstrom=d_min,
            limits=rules.limits,
        )
    if not asked.merge_ids:
        raise InvalidInputError(
            " ".join(f"Group {name} is not merged. {why}" for name, why in asked.refusals.items()),
            try_next="`beamloop reprocess COLLECTION --profile full` integrates for merging.",
        )
    return asked
