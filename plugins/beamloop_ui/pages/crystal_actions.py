"""What a person may say of crystals that belong together: where they belong, and up to which difference."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from beamloop.catalog.connection import Connection
from beamloop.catalog.isomorphism_publishing import known_groups, make_next_group
from beamloop.catalog.isomorphism_words import say_limit, say_of_sweep
from beamloop.catalog.page_report import crystals_of_sweeps
from beamloop.catalog.page_sweep import PlacedSweep, collection_by_id, sweeps_by_id
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.identifiers import CollectionId, GroupId, RunId, SweepId
from beamloop.records.isomorphism import WordKind
from beamloop_ui.access import CHECK_DAG, UserName, may_act
from beamloop_ui.bounds import SentNumber
from beamloop_ui.pages.actions import start_check
from beamloop_ui.plain_words import Why
from beamloop_ui.reading import transaction

router = APIRouter()

NEW = "new"

WORDS = {
    WordKind.EXCLUDE: "excluded",
    WordKind.INCLUDE: "included",
    WordKind.WITHDRAW: "left to Beamloop again",
    WordKind.REGROUP: "put into group",
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Crystal(_Body):
    """A crystal as a report shows it."""

    sweep_id: SentNumber
    run_id: SentNumber
    crystal_number: Annotated[int, Field(ge=1, le=32767)]


class CrystalWord(_Body):
    """What a person says of crystals, such as those of a branch."""

    crystals: Annotated[list[Crystal], Field(min_length=1, max_length=20_000)]
    kind: Literal["exclude", "include", "withdraw", "regroup"]
    group: Annotated[str, Field(pattern=r"^([A-Z]{1,6}|new)?$")] = ""  # of a regrouping: "A", or "new"
    why: Why


@router.post("/api/crystals/words", dependencies=may_act(CHECK_DAG))
def say(word: CrystalWord, user: UserName) -> dict[str, str]:
    """Keep one word for all the crystals, or for none of them where one cannot be meant.

    The word is on the whole sweep where all its crystals are named, so that it holds for its next run too.
    """
    kind = WordKind(word.kind)
    with transaction() as connection:
        sweeps = sweeps_by_id(connection, sorted({one.sweep_id for one in word.crystals}))
        collection_id = _one_collection(sweeps)
        group = _group(connection, collection_id, word.group) if kind is WordKind.REGROUP else None
        words = f"{WORDS[kind]} {group[1]}" if group else WORDS[kind]
        for sweep, crystal in _meant(connection, sweeps, word.crystals):
            name = sweep.sweep if crystal is None else f"{sweep.sweep} crystal {crystal[1]}"
            say_of_sweep(
                connection, collection_id, sweep.sweep_id, kind, said_by=user, why=word.why,
                crystal=crystal, group_id=group[0] if group else None, words=f"{name} is {words}",
            )  # fmt: skip
    count = "1 crystal is" if len(word.crystals) == 1 else f"{len(word.crystals)} crystals are"
    return {"words": f"{count} {words}. {start_check(collection_id)}".strip()}


def _one_collection(sweeps: Sequence[PlacedSweep]) -> CollectionId:
    found = {sweep.place.collection_id for sweep in sweeps}
    if len(found) > 1:
        raise InvalidInputError(
            "These crystals are of several collections.", try_next="Choose those of one collection."
        )
    return found.pop()


def _meant(
    connection: Connection, sweeps: Sequence[PlacedSweep], crystals: Sequence[Crystal]
) -> list[tuple[PlacedSweep, tuple[RunId, int] | None]]:
    """Return each sweep that is meant whole, and each crystal of a sweep that is meant in part."""
    newest = crystals_of_sweeps(connection, [sweep.sweep_id for sweep in sweeps])
    asked: dict[SweepId, set[int]] = {sweep.sweep_id: set() for sweep in sweeps}
    for one in crystals:
        run_id, count = newest.get(SweepId(one.sweep_id), (None, 0))
        if run_id != one.run_id or one.crystal_number > count:
            raise InvalidInputError(
                "The crystals have changed since this page was shown: a sweep was processed once more.",
                try_next="Load the page again.",
            )
        asked[SweepId(one.sweep_id)].add(one.crystal_number)
    meant: list[tuple[PlacedSweep, tuple[RunId, int] | None]] = []
    for sweep in sweeps:
        run_id, count = newest[sweep.sweep_id]
        if len(asked[sweep.sweep_id]) == count:
            meant.append((sweep, None))
        else:
            meant += [(sweep, (run_id, number)) for number in sorted(asked[sweep.sweep_id])]
    return meant


def _group(connection: Connection, collection_id: CollectionId, name: str) -> tuple[GroupId, str]:
    if name == NEW:
        return make_next_group(connection, collection_id)
    known = {group.name: group.group_id for group in known_groups(connection, collection_id)}
    if name not in known:
        raise NotFoundError(
            "The collection has no such group.", try_next='Choose one of its groups, or "new".'
        )
    return known[name], name


class LimitWord(_Body):
    """Up to which LCV crystals of a collection belong together."""

    collection_id: SentNumber
    limit_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
    why: Why


@router.post("/api/limit", dependencies=may_act(CHECK_DAG))
def set_limit(word: LimitWord, user: UserName) -> dict[str, str]:
    """Set the limit of LCV of a collection, as `beamloop limit` does."""
    with transaction() as connection:
        number = collection_by_id(connection, word.collection_id).collection_id
        say_limit(connection, number, word.limit_percent, said_by=user, why=word.why)
    return {"words": f"The limit of LCV is {word.limit_percent:g} %. {start_check(number)}".strip()}
