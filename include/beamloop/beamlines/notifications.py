"""Whom a beamline tells what: the part `notifications` of its file."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from beamloop.records.notification import Address, Channel, NoticeKind

# What Airflow takes as a connection's name.
CONNECTION_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
# Narrower than RFC 5322: no quotes, commas or spaces, so that one address is one address and no header.
EMAIL_ADDRESS = re.compile(r"[A-Za-z0-9_.+%=-]{1,64}@[A-Za-z0-9.-]{1,253}")
# A program may take its whole time, and Airflow tries a step again for five minutes where a service is away.
STUCK_AFTER_LIMIT_MINUTES = 30.0


def _connection_id(text: str) -> str:
    if not CONNECTION_ID.fullmatch(text):
        raise ValueError("name a connection of Airflow; address and password stand in it, not here")
    return text


def _email_address(text: str) -> str:
    if not EMAIL_ADDRESS.fullmatch(text):
        raise ValueError("write one plain e-mail address, such as night@example.org")
    return text


ConnectionId = Annotated[str, AfterValidator(_connection_id)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Part):
    """A chat or another service that takes JSON."""

    connection: ConnectionId


class Email(_Part):
    """A mail server and who gets the messages."""

    connection: ConnectionId
    to: list[EmailAddress] = Field(min_length=1, max_length=50)


class Notifications(_Part):
    """Which events are told, to whom, and from when on they are events.

    The thresholds of a burst: of a published plate of 73 wedges, 32 failed. Five within half an hour are
    common on such a plate, but not more than half of all that end; on a plate at one wedge a minute a closed
    shutter is told after five minutes.

    A candidate that waits is told again once a day: by then other people are on shift, and in the seven days
    that a question stands they hear of it six times more. None: it is told once.
    """

    events: list[NoticeKind] = Field(min_length=1)
    webhook: Webhook | None = None
    email: Email | None = None
    finished_quiet_minutes: float = Field(default=5, ge=0)
    burst_failures: int = Field(default=5, ge=2)
    burst_minutes: float = Field(default=30, gt=0, le=24 * 60)
    burst_share: float = Field(default=0.5, ge=0, le=1)
    stuck_minutes: float | None = Field(default=None, gt=0)
    approval_reminder_hours: float | None = Field(default=24, ge=1)

    @model_validator(mode="after")
    def _someone_is_told(self) -> Self:
        if self.webhook is None and self.email is None:
            raise ValueError("name a webhook, an email, or both; without them nobody is told")
        return self

    def addresses(self) -> tuple[Address, ...]:
        """Return where messages go."""
        found = []
        if self.webhook:
            found.append(Address(Channel.WEBHOOK, self.webhook.connection))
        if self.email:
            found.append(Address(Channel.EMAIL, self.email.connection, tuple(self.email.to)))
        return tuple(found)

    def stuck_after_s(self, program_time_s: float) -> float:
        """Return how long a run may stand still, in seconds, given the time limit of one program."""
        if self.stuck_minutes is not None:
            return 60 * self.stuck_minutes
        return program_time_s + 60 * STUCK_AFTER_LIMIT_MINUTES
