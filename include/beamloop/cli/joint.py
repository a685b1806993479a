"""`beamloop joint`: refine isomorphous groups together, and show what that changed."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from beamloop.beamlines.profiles import parse_settings
from beamloop.catalog.connection import Catalog
from beamloop.catalog.joint_results import JointResult, joint_result, joints_of_collection
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.choices import choose_collection, person
from beamloop.cli.joint_table import joint_document, print_joint
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import find_dials, open_airflow, open_catalog
from beamloop.errors import InvalidInputError, NotFoundError, PermanentError
from beamloop.joint.ask import ask_for_groups
from beamloop.records.joint import JointId, JointOptions, JointState
from beamloop.records.outcome import NEED_A_PERSON

DAG = "refine_joint"
POLL_S = 2.0


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
        asked = _ask(catalog, place, group, _options(setting or []), again)
        if not asked:
            console.print("Nothing is new: these groups are refined, or wait for it. --again repeats them.")
        elif wait:
            _follow(catalog, asked, console)
        results = _chosen(catalog, place, group) if not asked else _results(catalog, asked)
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
        results = _chosen(catalog, place, group)
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
    # Given options follow the defaults, and the last word on an option counts.
    return JointOptions(refine=(*options.refine, *added.get("refine", ())))


def _ask(
    catalog: Catalog, place: CollectionPlace, group: str | None, options: JointOptions, again: bool
) -> list[JointId]:
    with catalog.transaction() as connection:
        asked = ask_for_groups(
            connection,
            find_dials().version(),
            requested_by=person(),
            collection_id=place.collection_id,
            group=group,
            options=options,
            again=again,
        )
    if asked:
        with open_airflow() as airflow:
            airflow.trigger(DAG, _dag_run_id(asked), {"joint_ids": asked})
    return asked


def _dag_run_id(asked: Sequence[JointId]) -> str:
    return f"joint-{asked[0]}-{asked[-1]}"


def _follow(catalog: Catalog, asked: Sequence[JointId], console: Console) -> None:
    """Wait until all have ended, or Airflow has given up."""
    said = ""
    with open_airflow() as airflow:
        while any(found.joint.state is JointState.WAITING for found in _results(catalog, asked)):
            state = airflow.dag_run_state(DAG, _dag_run_id(asked))
            if state in ("failed", "success"):
                break
            done = _progress(_results(catalog, asked))
            if done != said:
                console.print(done, highlight=False)
                said = done
            time.sleep(POLL_S)
    if any(found.joint.state is JointState.WAITING for found in _results(catalog, asked)):
        raise PermanentError(
            "Airflow ended without finishing the joint refinement; it waits for the next night.",
            evidence=f"the run {_dag_run_id(asked)} of {DAG} in Airflow",
            try_next="Look at the task's log; clear the run to go on at once.",
        )


def _progress(results: Sequence[JointResult]) -> str:
    parts = [f"{r.joint.group_name}: {r.steps[-1].step} done, {r.steps[-1].finding}"
             for r in results if r.steps]  # fmt: skip
    return "; ".join(parts) or "Waiting for Airflow"


def _results(catalog: Catalog, asked: Sequence[JointId]) -> list[JointResult]:
    with catalog.transaction() as connection:
        return [joint_result(connection, joint_id) for joint_id in asked]


def _chosen(catalog: Catalog, place: CollectionPlace, group: str | None) -> list[JointResult]:
    with catalog.transaction() as connection:
        found = joints_of_collection(connection, place.collection_id)
    return [result for result in found if group in (None, result.joint.group_name)]


def _print(results: Sequence[JointResult], place: CollectionPlace, as_json: bool) -> None:
    if as_json:
        joints = [joint_document(result) for result in results]
        typer.echo(dump({"format": FORMAT, "collection": str(place.directory), "joints": joints}))
        return
    for result in results:
        print_joint(results_console(), result)
