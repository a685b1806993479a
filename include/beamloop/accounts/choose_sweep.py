"""Which sweep a person means by a name."""

from beamloop.catalog.connection import Connection
from beamloop.catalog.results import CollectionPlace
from beamloop.catalog.stories import sweeps_named
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.identifiers import SweepId
from beamloop.records.plain_text import is_utf8, plain


def choose_sweep(connection: Connection, place: CollectionPlace, name: str) -> SweepId:
    """Return the one sweep of a collection with this name, or this template where several have the name.

    Parameters
    ----------
    connection
        Inside a transaction.
    place
        The collection.
    name
        As a person typed it.

    Raises
    ------
    NotFoundError
        When there is none.
    InvalidInputError
        When there are several; names their templates.
    """
    found = sweeps_named(connection, place.collection_id, name) if is_utf8(name) else {}
    if not found:
        raise NotFoundError(
            f"The collection {place.name!a} has no sweep {name!a}.",
            try_next=f"`beamloop show {plain(str(place.directory))}` lists its sweeps.",
        )
    if len(found) > 1:
        raise InvalidInputError(
            f"There are {len(found)} sweeps {name!a}.",
            try_next=f"Give one of the templates {', '.join(map(plain, sorted(found)))}.",
        )
    return next(iter(found.values()))
