"""The words of messages, and the shape in which a webhook gets them."""

from collections.abc import Sequence
from typing import Any

from beamloop.catalog.failure_causes import FailureGroup
from beamloop.records.notification import Notification
from beamloop.records.plain_text import plain_line

FORMAT = 1
# A title is an e-mail's subject: RFC 5322 wants lines below 78 characters where it can be.
LONGEST_NAME = 60
LONGEST_LINE = 400
NAMED_AT_MOST = 8


def name_text(name: str) -> str:
    """Return a name that came from outside as one short printable line."""
    return _shortened(plain_line(name), LONGEST_NAME)


def line_text(text: str) -> str:
    """Return a sentence that quotes others as one printable line of bounded length."""
    return _shortened(plain_line(text), LONGEST_LINE)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def sweeps(count: int) -> str:
    """Count sweeps: "1 sweep", "12 sweeps"."""
    return f"{count} sweep" if count == 1 else f"{count} sweeps"


def minutes(time_s: float) -> str:
    """Write a time as a person says it: "45 min", "2.5 h"."""
    return f"{time_s / 60:.0f} min" if time_s < 2 * 3600 else f"{time_s / 3600:.3g} h"


def names(of: Sequence[str]) -> str:
    """List names, the first few by name."""
    named = ", ".join(map(name_text, of[:NAMED_AT_MOST]))
    more = len(of) - NAMED_AT_MOST
    return f"{named} and {more} more" if more > 0 else named


def group_lines(group: FailureGroup) -> list[str]:
    """Say how many sweeps failed for one cause, which, and what to try."""
    newest = group.failures[0].outcome
    sentence = newest.sentence if len(group.failures) == 1 else group.cause
    who = names([failure.sweep for failure in group.failures])
    lines = [f"{len(group.failures)} x {group.code.value}: {line_text(sentence)} ({who})"]
    return [*lines, f"Try next: {newest.try_next}"] if newest.try_next else lines


def group_facts(group: FailureGroup) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "outcome": group.code.value,
        "cause": group.cause,
        "count": len(group.failures),
        "try_next": group.failures[0].outcome.try_next,
        "sweeps": [failure.sweep for failure in group.failures],
    }


def plain_body(notification: Notification) -> str:
    """Return a message as plain text, for an e-mail."""
    message = notification.message
    link = (f"In Airflow: {message.link}",) if message.link else ()
    return "\n".join((message.title, "", *message.lines, *link))


def webhook_document(notification: Notification) -> dict[str, Any]:
    """Return a message as the JSON document that docs/json.md describes.

    `text` is what Slack and Teams show. There, as Slack asks, `&`, `<` and `>` are escaped, so that no
    sweep's name becomes a link or calls a whole channel; the other fields hold the names as they are.
    """
    message = notification.message
    text = plain_body(notification)
    return {
        "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "format": FORMAT,
        "notification": message.event_key,
        "event": message.kind.value,
        "beamline": message.beamline,
        "title": message.title,
        "lines": list(message.lines),
        "link": message.link,
        "created_at": notification.created_at.isoformat(timespec="seconds"),
        **message.facts,
    }
