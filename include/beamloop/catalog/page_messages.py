"""What the page *Messages* asks: what people were to be told, and were not."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId


@dataclass(frozen=True, slots=True)
class UnsentMessage:
    """A message through one channel that nobody got."""

    notification_id: int  # 3
    channel: str  # "webhook"
    airflow_connection: str  # "hutch_chat"
    addresses: list[str]  # ["anna@example.org"], of an e-mail
    kind: str  # "finished"
    title: str  # "plate3 is finished"
    beamline: str  # "i24"
    collection_id: CollectionId | None  # 5
    collection: str | None  # "plate3"
    state: str  # "waiting" or "given_up"
    tries: int  # 3
    created_at: datetime  # UTC
    next_try_at: datetime | None  # UTC; None: it is not tried any more
    last_trouble: str  # what the last try met


def messages_in_trouble(
    connection: Connection, since: datetime, limit: int
) -> tuple[list[UnsentMessage], int]:
    """Return messages that could not be sent, the newest first, and how many there are in all.

    Parameters
    ----------
    connection
        Inside a transaction.
    since
        Those given up are of this time or later; those that are still tried have any age.
    limit
        How many at most.
    """
    rows = list(QUERIES.page_messages(connection, since=since, limit=limit))
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [UnsentMessage(**row) for row in rows], total
