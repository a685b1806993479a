"""`beamloop exclude`, `include`, `regroup`, `limit`: a person's word on a collection's groups."""

from typing import Annotated

import typer
from rich.console import Console

from beamloop.accounts.choose_sweep import choose_sweep
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.isomorphism_publishing import KnownGroup, known_groups, make_next_group
from beamloop.catalog.isomorphism_snapshot import Snapshot, check_of_collection, gather_snapshot
from beamloop.catalog.isomorphism_words import say_limit, say_of_sweep
from beamloop.catalog.results import CollectionPlace
from beamloop.cli.choices import choose_collection, person
from beamloop.cli.plain_text import as_text
from beamloop.cli.session import open_airflow, open_catalog
from beamloop.errors import BeamloopError, InvalidInputError, NotFoundError
from beamloop.records.identifiers import GroupId, RunId, SweepId
from beamloop.records.isomorphism import WordKind
from beamloop.records.plain_text import is_utf8, plain

CHECK_DAG = "check_isomorphism"
NEW = "new"

COLLECTION = typer.Argument(help="A collection's folder or name.")
SWEEPS = typer.Argument(help="Names of sweeps.")
WHY = typer.Option(help="Why, in your words; kept with your name and the time.")
CRYSTAL = typer.Option(help="Only this crystal of the sweep's newest result, from 1.")
BEAMLINE = typer.Option(help="Whose collection, where several have the name.")


def exclude(
    collection: Annotated[str, COLLECTION],
    sweeps: Annotated[list[str], SWEEPS],
    why: Annotated[str, WHY],
    crystal: Annotated[int | None, CRYSTAL] = None,
    beamline: Annotated[str | None, BEAMLINE] = None,
) -> None:
    """Leave sweeps out of trees and groups, until they are included again."""
    _say(collection, beamline, sweeps, crystal, WordKind.EXCLUDE, why, "is excluded")


def include(
    collection: Annotated[str, COLLECTION],
    sweeps: Annotated[list[str], SWEEPS],
    why: Annotated[str, WHY],
    crystal: Annotated[int | None, CRYSTAL] = None,
    as_suggested: Annotated[
        bool, typer.Option("--as-suggested", help="Take back every word: as Beamloop suggests.")
    ] = False,
    beamline: Annotated[str | None, BEAMLINE] = None,
) -> None:
    """Take sweeps in, though they were excluded, put elsewhere, or set aside as outliers."""
    if as_suggested:
        _say(collection, beamline, sweeps, crystal, WordKind.WITHDRAW, why, "is left to Beamloop again")
    else:
        _say(collection, beamline, sweeps, crystal, WordKind.INCLUDE, why, "is included")


def regroup(
    collection: Annotated[str, COLLECTION],
    sweeps: Annotated[list[str], SWEEPS],
    to: Annotated[str, typer.Option(help='The name of a group, or "new".')],
    why: Annotated[str, WHY],
    crystal: Annotated[int | None, CRYSTAL] = None,
    beamline: Annotated[str | None, BEAMLINE] = None,
) -> None:
    """Put sweeps into a group, whatever their cells say."""
    _say(collection, beamline, sweeps, crystal, WordKind.REGROUP, why, "is put into group", to=to)


def limit(
    collection: Annotated[str, COLLECTION],
    percent: Annotated[float, typer.Argument(help="The largest LCV of a group, in percent.")],
    why: Annotated[str, WHY],
    beamline: Annotated[str | None, BEAMLINE] = None,
) -> None:
    """Set the limit of LCV up to which crystals belong together."""
    _require_reason(why)
    if not 0 < percent <= 100:
        raise InvalidInputError(
            f"{percent:g} % cannot be the limit of LCV.", try_next="Give a number above 0 and at most 100."
        )
    with open_catalog() as catalog:
        place = choose_collection(catalog, collection, beamline)
        with catalog.transaction() as connection:
            say_limit(connection, place.collection_id, percent, said_by=person(), why=why)
        _tell(catalog, place, [f"The limit of LCV is {percent:g} %."])


def _say(
    collection: str,
    beamline: str | None,
    names: list[str],
    crystal: int | None,
    kind: WordKind,
    why: str,
    words: str,
    *,
    to: str | None = None,
) -> None:
    """Keep one word for all the sweeps, or for none of them where one cannot be meant."""
    _require_reason(why)
    with open_catalog() as catalog:
        place = choose_collection(catalog, collection, beamline)
        with catalog.transaction() as connection:
            meant = {name: choose_sweep(connection, place, name) for name in dict.fromkeys(names)}
            snapshot = gather_snapshot(connection, place.collection_id)
            crystals = {name: _crystal(snapshot, name, meant[name], crystal) for name in meant}
            group = _group(connection, place, to) if to is not None else None
            if group:
                words = f"{words} {group[1]}"
            for name, sweep_id in meant.items():
                say_of_sweep(
                    connection, place.collection_id, sweep_id, kind, said_by=person(), why=why,
                    crystal=crystals[name], group_id=group[0] if group else None,
                    words=f"{_with_crystal(name, crystal)} {words}",
                )  # fmt: skip
        _tell(catalog, place, [f"{_with_crystal(name, crystal)} {words}." for name in meant])


def _require_reason(why: str) -> None:
    if not why.strip() or not is_utf8(why):
        raise InvalidInputError("No reason is given.", try_next='Say why: --why "ice rings".')


def _crystal(
    snapshot: Snapshot, name: str, sweep_id: SweepId, number: int | None
) -> tuple[RunId, int] | None:
    """Return the crystal that is meant by its number; None where all of the sweep are."""
    if number is None:
        return None
    known = {
        c.member.crystal_number: c.member.run_id for c in snapshot.crystals if c.member.sweep_id == sweep_id
    }
    if number not in known:
        numbers = ", ".join(map(str, sorted(known))) or "none: it is not processed"
        raise NotFoundError(f"The sweep {name!a} has no crystal {number}.", try_next=f"It has: {numbers}.")
    return known[number], number


def _with_crystal(name: str, crystal: int | None) -> str:
    return name if crystal is None else f"{name} crystal {crystal}"


def _group(connection: Connection, place: CollectionPlace, name: str) -> tuple[GroupId, str]:
    """Return the group that is meant, made where it is a new one."""
    known: dict[str, KnownGroup] = {
        group.name: group for group in known_groups(connection, place.collection_id)
    }
    if name == NEW:
        return make_next_group(connection, place.collection_id)
    if name.upper() not in known:
        names = ", ".join(known) or "none yet"
        raise NotFoundError(
            f"The collection {place.name!a} has no group {name!a}.",
            try_next=f'Its groups are: {names}. "--to new" makes another one.',
        )
    return known[name.upper()].group_id, name.upper()


def _tell(catalog: Catalog, place: CollectionPlace, lines: list[str]) -> None:
    """Print what was said, and start the check that it asks for."""
    console = Console()
    for line in lines:
        console.print(as_text(line), soft_wrap=True)
    with catalog.transaction() as connection:
        check = check_of_collection(connection, place.collection_id)
    if check is None:
        return
    try:
        with open_airflow() as airflow:
            airflow.trigger(CHECK_DAG, check.dag_run_id, {"collection_id": check.collection_id})
        words = f"A new report is being made: `beamloop groups {plain(place.name)}` in a few seconds."
    except BeamloopError as error:
        words = f"The next report is made when Airflow is back ({error.what})"
    console.print(as_text(words, "dim"), soft_wrap=True)
