"""Whether a candidate may serve: the question to a person, and the answer, whoever gave it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from beamloop.records.geometry import GeometryId


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked."""

    subject: str  # "i24: shall geometry 7 serve?"; one line
    body: str  # Markdown: the evidence in short
    approvers: tuple[str, ...]  # ("anna",): who may answer, as Airflow knows them; (): who may in Airflow
    until: datetime  # UTC, when the question ends by itself


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that somebody may still answer, as the catalogue keeps it."""

    geometry_id: GeometryId  # 7
    asked_at: datetime  # UTC, for the first time
    until: datetime  # UTC
    approvers: tuple[str, ...]  # ("anna",), as of :class:`Question`
    notice_count: int  # 2: how often people were told


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be done with a candidate."""

    promote: bool  # False: reject
    by: str  # "anna", or "refine_metrology"
    why: str  # "RMSDs of all panels are better"

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as one task hands them to the next."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Answer":
        """Undo :meth:`as_json`."""
        return cls(bool(values["promote"]), str(values["by"]), str(values["why"]))


@dataclass(frozen=True, slots=True)
class Settled:
    """Nobody needs to be asked, and nothing is to be done."""

    sentence: str  # "Geometry 7 is in_force already: promote by anna: better than the headers'"
