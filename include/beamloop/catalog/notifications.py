"""The outbox: messages to people, each kept until it is sent or given up."""

from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.identifiers import CollectionId
from beamloop.records.notification import Address, Channel, Message, NoticeKind, Notification

# The first try that fails is followed by another after a minute, the next after two, up to every half hour: a
# chat that restarts is waited for, and one that is away for a night costs twenty tries.
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 1800.0
# What nobody could be told within a day is no news any more.
GIVE_UP_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A message whose time to be tried has come."""

    notification_id: int  # 3
    airflow_connection: str  # "hutch_chat"


def lock_beamline(connection: Connection, beamline: str) -> bool:
    """Keep others from noticing for a beamline until the transaction ends.

    Returns
    -------
    bool
        False for a beamline without a collection: there is nothing to notice.
    """
    return QUERIES.lock_beamline(connection, beamline=beamline) is not None


def put_notification(connection: Connection, message: Message, address: Address) -> bool:
    """Have a message sent, once for each event and channel.

    Returns
    -------
    bool
        False when it is on its way, sent or given up already.
    """
    made = QUERIES.put_notification(
        connection,
        event_key=message.event_key,
        channel=address.channel.value,
        beamline=message.beamline,
        collection_id=message.collection_id,
        airflow_connection=address.airflow_connection,
        addresses=list(address.recipients),
        message=Json(message.as_json()),
    )
    return made is not None


def due_notifications(connection: Connection, limit: int) -> list[DueNotification]:
    """Return messages whose time to be tried has come, the oldest first, at most `limit`."""
    return [DueNotification(**row) for row in QUERIES.due_notifications(connection, limit=limit)]


def claim(connection: Connection, notification_id: int) -> Notification | None:
    """Count a try of a message and put off the next one; None when somebody else was quicker."""
    row = QUERIES.claim_notification(
        connection,
        notification_id=notification_id,
        first_wait_s=FIRST_WAIT_S,
        longest_wait_s=LONGEST_WAIT_S,
    )
    return _notification(row) if row else None


def _notification(row: Row) -> Notification:
    kept = row["message"]
    collection_id = row["collection_id"]
    message = Message(
        event_key=row["event_key"],
        kind=NoticeKind(kept["kind"]),
        beamline=row["beamline"],
        collection_id=None if collection_id is None else CollectionId(collection_id),
        title=kept["title"],
        lines=tuple(kept["lines"]),
        link=kept["link"],
        facts=kept["facts"],
    )
    address = Address(Channel(row["channel"]), row["airflow_connection"], tuple(row["addresses"]))
    return Notification(row["notification_id"], message, address, row["created_at"], row["tries"])


def note_sent(connection: Connection, notification_id: int) -> None:
    """Note that the receiver has taken a message."""
    QUERIES.end_sent_notification(connection, notification_id=notification_id)


def note_trouble(connection: Connection, notification_id: int, trouble: str) -> bool:
    """Note what a try met.

    Returns
    -------
    bool
        True when the message is given up with this.
    """
    state = QUERIES.note_notification_trouble(
        connection, notification_id=notification_id, trouble=trouble, give_up_after_s=GIVE_UP_AFTER_S
    )
    return bool(state == "given_up")
