"""Send what is in the outbox."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.notifications import claim, due_notifications, note_sent, note_trouble
from beamloop.errors import BeamloopError
from beamloop.records.notification import Channel, Notification

log = logging.getLogger(__name__)

AT_ONCE = 100
# A pass ends before the next one begins a minute later.
LONGEST_PASS_S = 45.0


class Sender(Protocol):
    """One way to reach people."""

    def send(self, notification: Notification) -> None:
        """Hand a message over; when this returns, the receiver has it.

        Raises
        ------
        BeamloopError
            When the receiver has not taken it; its words hold no secret.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one pass has done."""

    sent: int  # 3
    troubles: tuple[str, ...]  # ("hutch_chat: the receiver answered HTTP 503",)


def deliver(catalog: Catalog, senders: Mapping[Channel, Sender]) -> Delivered:
    """Send every message whose time has come; trouble puts a message off and stops nothing else.

    A try is counted before the message goes out, in a transaction of its own. Whoever is killed between
    sending and recording leaves a message that is sent a second time after a wait, with the same idempotency
    key: at least once, and once as long as nobody is killed right there.

    Parameters
    ----------
    catalog
        Where the outbox is.
    senders
        The ways to reach people.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        due = due_notifications(connection, AT_ONCE)
    end = time.monotonic() + LONGEST_PASS_S
    sent, away = 0, dict[str, str]()
    for entry in due:
        # A receiver that is away costs one wait a pass, not one for each message.
        if entry.airflow_connection in away or time.monotonic() > end:
            continue
        with catalog.transaction() as connection:
            notification = claim(connection, entry.notification_id)
        if notification is None:
            continue
        trouble = _try(senders[notification.address.channel], notification)
        if trouble is None:
            with catalog.transaction() as connection:
                note_sent(connection, notification.notification_id)
            sent += 1
        else:
            away[entry.airflow_connection] = trouble
            _note(catalog, notification, trouble)
    return Delivered(sent, tuple(f"{name}: {trouble}" for name, trouble in away.items()))


def _try(sender: Sender, notification: Notification) -> str | None:
    """Send a message; return what went wrong in one line, None when nothing did."""
    try:
        sender.send(notification)
    except BeamloopError as error:
        return " ".join(f"{error.what} {error.try_next}".split())
    return None


def _note(catalog: Catalog, notification: Notification, trouble: str) -> None:
    message = notification.message
    with catalog.transaction() as connection:
        if not note_trouble(connection, notification.notification_id, trouble):
            return
        words = f"Nobody could be told of this in {notification.tries} tries: {message.title}. {trouble}"
        note_event(connection, "notices", "notification_given_up", message.collection_id, words)
    log.error("%s", words)
