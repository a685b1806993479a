"""Messages as e-mail."""

import hashlib
from dataclasses import dataclass
from html import escape

from beamloop.notices.words import plain_body
from beamloop.records.notification import Notification
from beamloop.records.plain_text import plain_line


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail without its sender."""

    to: tuple[str, ...]  # ("night@example.org",)
    subject: str  # one printable line, whatever a sweep is called
    html: str
    headers: dict[str, str]


def write_letter(notification: Notification) -> Letter:
    """Write a message as an e-mail.

    Its Message-ID is the same in each try, so that a mail server may drop what it has delivered already.
    """
    digest = hashlib.sha256(f"{notification.notification_id} {notification.created_at}".encode()).hexdigest()
    key = notification.idempotency_key
    body = escape(plain_body(notification))
    return Letter(
        to=notification.address.recipients,
        subject=plain_line(notification.message.title),
        html=f'<pre style="white-space: pre-wrap">{body}</pre>',
        headers={"Message-ID": f"<{key}.{digest[:16]}@beamloop.invalid>", "X-Beamloop-Notification": key},
    )
