"""What happened and who did it, for people; the stages never read it back."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person may want to know."""

    happened_at: datetime  # UTC
    actor: str  # "watch"
    kind: str  # "stranger"
    sentence: str  # "No image of a sweep: 'notes.cbf'"


def note_event(
    connection: Connection, actor: str, kind: str, collection_id: CollectionId | None, sentence: str
) -> None:
    """Write down for people what happened and who did it.

    Parameters
    ----------
    connection
        Inside a transaction.
    actor
        A person or a part of Beamloop, e.g. "watch".
    kind
        One word to filter by, e.g. "request".
    collection_id
        Where it happened; None where there is no collection yet, then the sentence names the place.
    sentence
        Plain words.
    """
    QUERIES.add_event(
        connection, actor=actor, kind=kind, collection_id=collection_id, run_id=None, sentence=sentence
    )


def newest_event(connection: Connection, collection_id: CollectionId, kind: str) -> Event | None:
    """Return the last event of a kind in a collection, None where there was none."""
    row = QUERIES.newest_event(connection, collection_id=collection_id, kind=kind)
    return Event(**row) if row else None


def events_of_collection(connection: Connection, collection_id: CollectionId) -> list[Event]:
    """Return a collection's events, the oldest first; what is said again the same way appears once."""
    rows = QUERIES.events_of_collection(connection, collection_id=collection_id)
    return [Event(**row) for row in rows]
