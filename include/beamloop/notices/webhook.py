"""Messages as JSON to a chat or another service."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from beamloop.errors import InvalidInputError, TransientError
from beamloop.notices.words import webhook_document
from beamloop.records.notification import Notification

# A chat answers within a second; a pass over the outbox has 45.
TIME_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where to post. The address may hold a secret in its path: it is never shown."""

    name: str  # "hutch_chat", for messages
    url: str = field(repr=False)  # "https://chat.example.org/hooks/T0/B0"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)  # user and password of HTTP's basic login


def post(target: WebhookTarget, notification: Notification) -> None:
    """Post a message; it carries an `Idempotency-Key`, the same in each try.

    Redirections are not followed: the message goes where the connection says or nowhere.

    Raises
    ------
    InvalidInputError
        When the address is none.
    TransientError
        When the receiver has not answered with a 2xx status.
    """
    headers = {**target.headers, "Idempotency-Key": notification.idempotency_key}
    try:
        with (
            _addresses_unsaid(),
            httpx.Client(timeout=TIME_LIMIT_S, follow_redirects=False, auth=target.login) as client,
            # Only the status is read: an answer may be as long as it likes.
            client.stream(
                "POST", _checked(target), json=webhook_document(notification), headers=headers
            ) as answer,
        ):
            status = answer.status_code
    except httpx.TransportError as error:
        raise TransientError(
            f"The receiver of {target.name} cannot be reached: {type(error).__name__}.",
            try_next="Look whether it runs and whether the connection's address is right.",
        ) from error
    if not httpx.codes.is_success(status):
        raise TransientError(
            f"The receiver of {target.name} answered HTTP {status}.",
            try_next="Correct the connection's address or token, or look at the receiver.",
        )


def _checked(target: WebhookTarget) -> httpx.URL:
    try:
        url = httpx.URL(target.url)
    except httpx.InvalidURL as error:
        raise _no_address(target) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise _no_address(target)
    return url


def _no_address(target: WebhookTarget) -> InvalidInputError:
    return InvalidInputError(
        f"The connection {target.name} holds no address that begins with http:// or https://.",
        try_next="Give it a host, and a schema or the whole address.",
    )


@contextmanager
def _addresses_unsaid() -> Iterator[None]:
    """Keep httpx from logging the address of each request: that of a chat is its password."""
    logger = logging.getLogger("httpx")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
