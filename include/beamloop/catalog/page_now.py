"""What the page *Now* asks: beamlines, the collections of a period, and what is at work."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.noticed import StandingRequest
from beamloop.records.identifiers import CollectionId, RunId, SweepId
from beamloop.records.outcome import NEED_A_PERSON

FAULTS = [code.value for code in NEED_A_PERSON]
# Of so many newest results the latency is told: a night's worth, whatever the period.
LATENCIES = 2000


@dataclass(frozen=True, slots=True)
class BeamlineStanding:
    """A beamline: what ended in a period, and what is open now."""

    beamline: str  # "i24"
    processed: int  # 412: sweeps whose run that stands ended so in the period
    without_result: int  # 31, those that need a person among them
    need_a_person: int  # 1: a program crashed, or the platform failed
    at_work: int  # 4 runs
    waiting: int  # 60 runs
    arriving_folders: int  # 1: images came within the last hour, and not all sweeps are asked for
    latency_median_s: float | None  # 41.5, from a watched sweep's last image to its outcome
    latency_p95_s: float | None  # 93.0
    last_ended_at: datetime | None  # UTC


@dataclass(frozen=True, slots=True)
class ActiveCollection:
    """A collection with work in a period, by the runs that stand for its sweeps."""

    collection_id: CollectionId  # 5
    beamline: str  # "i24"
    name: str  # "plate3"
    directory: Path
    active_at: datetime  # UTC: a request was asked for, begun or ended
    is_open: bool  # a request has not ended
    sweeps: int  # 73
    processed: int  # 60
    without_result: int  # 9
    need_a_person: int  # 0 of them
    at_work: int  # 2
    waiting: int  # 2
    verdict: str | None  # "isomorphous", of the newest report
    verdict_sentence: str | None


@dataclass(frozen=True, slots=True)
class RunAtWork:
    """A run that has begun and not ended."""

    run_id: RunId  # 17
    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    collection_id: CollectionId  # 5
    collection: str  # "plate3"
    beamline: str  # "i24"
    started_at: datetime  # UTC
    last_trouble: str  # words of the last transient error, or ""
    steps_done: int  # 2 of 6


@dataclass(frozen=True, slots=True)
class UnsentMessages:
    """Messages that people did not get."""

    in_trouble: int  # waiting after a try that failed
    given_up: int  # in the period


def beamline_standings(connection: Connection, since: datetime) -> list[BeamlineStanding]:
    """Return every beamline with what ended since then and what is open now."""
    rows = QUERIES.page_beamlines(connection, since=since, need_a_person=FAULTS, latencies=LATENCIES)
    standings = []
    for row in rows:
        median_s, p95_s = row.pop("latency_s") or (None, None)
        standings.append(BeamlineStanding(**row, latency_median_s=median_s, latency_p95_s=p95_s))
    return standings


def active_collections(
    connection: Connection, since: datetime, beamline: str | None = None, *, limit: int, offset: int = 0
) -> tuple[list[ActiveCollection], int]:
    """Return the collections with work since then or now, and how many there are in all.

    Parameters
    ----------
    connection
        Inside a transaction.
    since
        A request was asked for at this time or later, or is open.
    beamline
        Only this one; None: all.
    limit, offset
        Which part of them: those at work come first, then the newest.
    """
    rows = list(
        QUERIES.page_active_collections(
            connection, since=since, beamline=beamline, need_a_person=FAULTS, limit=limit, offset=offset
        )
    )
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [ActiveCollection(**row | {"directory": Path(row["directory"])}) for row in rows], total


def runs_at_work(connection: Connection, limit: int) -> tuple[list[RunAtWork], int]:
    """Return the runs that began last and have not ended, at most `limit`, and how many there are in all."""
    rows = list(QUERIES.page_runs_at_work(connection, limit=limit))
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [RunAtWork(**row) for row in rows], total


def unsent_messages(connection: Connection, since: datetime) -> UnsentMessages:
    """Return how many messages could not be sent."""
    return UnsentMessages(**QUERIES.page_unsent_messages(connection, since=since))


def beamline_names(connection: Connection) -> list[str]:
    """Return every beamline's name."""
    return [row["beamline"] for row in QUERIES.page_beamline_names(connection)]


def unmoved_requests(
    connection: Connection, beamline: str, still_s: float, limit: int
) -> list[StandingRequest]:
    """Return requests of a beamline that have been open for `still_s` seconds while nothing is at work."""
    rows = QUERIES.page_unmoved_requests(connection, beamline=beamline, still_s=still_s, limit=limit)
    return [StandingRequest(**row | {"directory": Path(row["directory"])}) for row in rows]
