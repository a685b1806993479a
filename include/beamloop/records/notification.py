"""A message to people outside of Beamloop."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from beamloop.records.identifiers import CollectionId


class Channel(StrEnum):
    """The ways to reach people; the catalogue's constraint holds the same list."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class NoticeKind(StrEnum):
    """What people are told of; a beamline's file names them."""

    FINISHED = "finished"
    BURST = "burst"
    STUCK = "stuck"
    DRIFT = "drift"
    APPROVAL = "approval"
    DECIDED = "decided"
    METROLOGY = "metrology"


@dataclass(frozen=True, slots=True)
class Message:
    """What is told, the same through every channel."""

    event_key: str  # "finished-5-17": names the event, so that it is told once
    kind: NoticeKind
    beamline: str  # "i24"
    collection_id: CollectionId | None
    title: str  # "i24, plate3 is finished: 10 of 12 sweeps processed"; one line
    lines: tuple[str, ...]  # what, how many, which cause, what to try next
    link: str  # "https://airflow.example.org/dags/process_collection/runs/plate3-1f0c9a.4be1c2f09a33", or ""
    facts: dict[str, Any]  # {"counts": {"processed": 10, "no_spots": 2}}, see docs/json.md

    def as_json(self) -> dict[str, Any]:
        """Return what the catalogue keeps."""
        return {
            "kind": self.kind.value,
            "title": self.title,
            "lines": list(self.lines),
            "link": self.link,
            "facts": self.facts,
        }


@dataclass(frozen=True, slots=True)
class Address:
    """Where a beamline's messages go through one channel. Secrets are in Airflow's connection alone."""

    channel: Channel
    airflow_connection: str  # "hutch_chat"
    recipients: tuple[str, ...] = ()  # ("night@example.org",); none for a webhook


@dataclass(frozen=True, slots=True)
class Notification:
    """One message on its way through one channel."""

    notification_id: int  # 3
    message: Message
    address: Address
    created_at: datetime  # UTC
    tries: int  # 1: this one

    @property
    def idempotency_key(self) -> str:
        """The same for each try: "finished-5-17.webhook"."""
        return f"{self.message.event_key}.{self.address.channel.value}"
