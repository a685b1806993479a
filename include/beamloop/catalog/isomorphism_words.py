"""What people say of a collection's crystals and of its limit: kept with who, when and why, never changed."""

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.events import note_event
from beamloop.records.identifiers import CollectionId, GroupId, RunId, SweepId
from beamloop.records.isomorphism import LimitWord, WordKind


def say_of_sweep(
    connection: Connection,
    collection_id: CollectionId,
    sweep_id: SweepId,
    kind: WordKind,
    *,
    said_by: str,
    why: str,
    crystal: tuple[RunId, int] | None = None,
    group_id: GroupId | None = None,
    words: str,
) -> None:
    """Keep a person's word on a sweep; the collection is due for a check with it.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id, sweep_id
        The sweep.
    kind
        What is said.
    said_by, why
        Who and why; `why` is not empty.
    crystal
        One crystal of one run (its number from 1); None: all crystals of the sweep, whatever its run.
    group_id
        Where to, of a regrouping.
    words
        The same for people: "xtal2_1 is excluded".
    """
    run_id, crystal_number = crystal or (None, None)
    QUERIES.add_member_decision(
        connection,
        sweep_id=sweep_id,
        run_id=run_id,
        crystal_number=crystal_number,
        kind=kind.value,
        group_id=group_id,
        said_by=said_by,
        why=why,
    )
    note_event(connection, said_by, kind.value, collection_id, f"{words}: {why}")


def say_limit(
    connection: Connection, collection_id: CollectionId, limit_percent: float, *, said_by: str, why: str
) -> None:
    """Keep a person's word on a collection's limit; the collection is due for a check with it.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection.
    limit_percent
        The largest LCV of a group, in percent; above 0, at most 100.
    said_by, why
        Who and why; `why` is not empty.
    """
    QUERIES.add_limit_decision(
        connection, collection_id=collection_id, limit_percent=limit_percent, said_by=said_by, why=why
    )
    note_event(connection, said_by, "limit", collection_id, f"The limit of LCV is {limit_percent:g} %: {why}")


def standing_limit(connection: Connection, collection_id: CollectionId) -> LimitWord | None:
    """Return the last word on a collection's limit, None where nobody has set it."""
    row = QUERIES.standing_limit(connection, collection_id=collection_id)
    return LimitWord(**row) if row else None
