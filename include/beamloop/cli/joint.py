"""`beamloop joint`: refine isomorphous groups together, and show what that changed."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from beamloop.beamlines.profiles import parse_settings
from beamloop.catalog.joint_results import JointResult
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.choices import choose_collection
from beamloop.cli.joint_requests import ask_and_start, follow_joints, newest_joints, results_of
from beamloop.cli.joint_table import joint_document, print_joint
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import find_dials, open_catalog
from beamloop.dials_cli.option_list import check_options
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.joint import JointOptions
from beamloop.records.outcome import NEED_A_PERSON


class RefineUnlessNamed(TyperGroup):
    """Takes `beamloop joint COLLECTION` for `beamloop joint refine COLLECTION`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the usual command in front where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args.insert(0, "refine")
        return super().parse_args(ctx, args)


joint_app = typer.Typer(
    cls=RefineUnlessNamed, help="Refine isomorphous crystals together: COLLECTION, or show COLLECTION.",
    no_args_is_help=True,
)  # fmt: skip

COLLECTION = typer.Argument(help="A collection's folder or name.")
GROUP = typer.Option(help='Only this group, e.g. "A".')
AS_JSON = typer.Option("--json", help="Print JSON.")


@joint_app.command()
def refine(
    collection: Annotated[str, COLLECTION],
    group: Annotated[str | None, GROUP] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="refine.OPTION=VALUE for dials.refine.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Refine known members a second time.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow until it has ended.")] = True,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Refine each group of a collection whose members changed, and follow it.

    The exit code is 1 when a program crashed or the platform failed; a result that is kept only is no fault.
    """
    console = results_console(stderr=as_json)
    with open_catalog() as catalog:
        place = choose_collection(catalog, collection)
        options = _options(setting or [])
        asked = ask_and_start(catalog, place, group=group, options=options, again=again)
        if not asked:
            console.print("Nothing is new: these groups are refined, or wait for it. --again repeats them.")
        elif wait:
            follow_joints(catalog, asked, console)
        results = results_of(catalog, asked) if asked else newest_joints(catalog, place, group)
    _print(results, place, as_json)
    if any(result.joint.outcome and result.joint.outcome.code in NEED_A_PERSON for result in results):
        raise typer.Exit(1)


@joint_app.command()
def show(
    collection: Annotated[str, COLLECTION],
    group: Annotated[str | None, GROUP] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show the newest joint refinement of each group: cells and RMSDs before and after."""
    with open_catalog() as catalog:
        place = choose_collection(catalog, collection)
        results = newest_joints(catalog, place, group)
    if not results:
        raise NotFoundError(
            "No group of this collection has been refined jointly.",
            try_next="`beamloop joint COLLECTION` does it, for groups of two crystals and more.",
        )
    _print(results, place, as_json)


def _options(settings: Sequence[str]) -> JointOptions:
    options = JointOptions()
    added = parse_settings(settings)
    if others := sorted(set(added) - {"refine"}):
        raise InvalidInputError(
            f"Joint refinement takes no options for {', '.join(others)}.",
            try_next="For example: --set refine.outlier.algorithm=mcd",
        )
    if added:
        check_options(find_dials(), added)
    # Given options follow the defaults, and the last word on an option counts.
    return JointOptions(refine=(*options.refine, *added.get("refine", ())))


def _print(results: Sequence[JointResult], place: CollectionPlace, as_json: bool) -> None:
    if as_json:
        joints = [joint_document(result) for result in results]
        typer.echo(dump({"format": FORMAT, "collection": str(place.directory), "joints": joints}))
        return
    for result in results:
        print_joint(results_console(), result)
