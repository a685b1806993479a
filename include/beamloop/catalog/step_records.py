"""What several stages record in the same way: a step once, and how the work ended."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg2.extensions import connection as Connection

from beamloop.records.artifact import StoredObject
from beamloop.records.outcome import Outcome
from beamloop.records.step import TimedReport


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step found and took."""

    step: str  # "refine"
    started_at: datetime  # UTC
    ended_at: datetime  # UTC
    finding: str  # "8 crystals, LCV 0.62 % -> 0.11 %"
    cpu_s: float  # 14.2
    peak_memory_bytes: int


def put_step(query: Callable[..., Any], connection: Connection, report: TimedReport, **owner: int) -> bool:
    """Record what a step found and took.

    Parameters
    ----------
    query
        Such as `put_joint_step`.
    connection
        Inside a transaction.
    report
        Of the step.
    owner
        What it is a step of: `joint_id=3`.

    Returns
    -------
    bool
        False when the step had been recorded before; then nothing is changed.
    """
    new = query(
        connection,
        **owner,
        step=report.step,
        started_at=report.started_at,
        ended_at=report.ended_at,
        finding=report.finding,
        cpu_s=report.cpu_s,
        peak_memory_bytes=report.peak_memory_bytes,
    )
    return new is not None


def end_work(
    query: Callable[..., Any],
    connection: Connection,
    state: StrEnum,
    sentence: str,
    failure: Outcome | None = None,
    **owner: int,
) -> None:
    """Say how a piece of work ended; the first word stands.

    Parameters
    ----------
    query
        Such as `end_joint`.
    connection
        Inside a transaction.
    state
        How.
    sentence
        In words.
    failure
        What has failed, and at which step; None: nothing.
    owner
        Which piece of work: `joint_id=3`.
    """
    query(
        connection,
        **owner,
        state=state.value,
        code=failure.code.value if failure else None,
        step=failure.step if failure else None,
        sentence=sentence,
    )


def keys_of_files(
    steps: Iterable[StepCost], artifacts_of: Callable[[str], Mapping[str, StoredObject]]
) -> dict[str, str]:
    """Return the keys of all files of some steps, by step and name.

    Parameters
    ----------
    steps
        Those that have been recorded.
    artifacts_of
        Gives the files of a step by name.

    Returns
    -------
    dict
        Such as {"report/report.html": "i24/plate3-1f0c9a/joint/joint-3/report/report.html"}.
    """
    return {
        f"{step.step}/{name}": stored.key
        for step in steps
        for name, stored in artifacts_of(step.step).items()
    }
