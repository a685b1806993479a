"""A burst of failures: many of one cause within a short time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from beamloop.beamlines.beamline_file import Beamline
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.connection import Connection
from beamloop.catalog.failure_causes import FailureGroup, group_failures
from beamloop.catalog.noticed import begin_burst, burst_goes_on, dag_run_of, outcome_count
from beamloop.catalog.selection import failures_since
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import group_facts, line_text, minutes, name_text, names, sweeps
from beamloop.records.notification import Message, NoticeKind
from beamloop.records.outcome import NEED_A_PERSON


def notice_bursts(
    connection: Connection, beamline: Beamline, wanted: Notifications, pages: AirflowPages, now: datetime
) -> list[Message]:
    """Return a message for each burst that has begun; one that goes on is known and told.

    Parameters
    ----------
    connection
        Inside a transaction that holds the beamline's lock and also keeps the messages.
    beamline, wanted
        Whose failures, and what its people call a burst.
    pages
        Where Airflow's pages are.
    now
        The catalogue's time, UTC.
    """
    name = beamline.beamline
    since = now - timedelta(minutes=wanted.burst_minutes)
    groups = group_failures(failures_since(connection, since, name))
    ended = outcome_count(connection, name, since) if groups else 0
    messages = []
    for group in groups:
        last_at = group.failures[0].recorded_at
        # A burst goes on as long as no gap between two failures is longer than the window.
        known_since = group.failures[-1].recorded_at - timedelta(minutes=wanted.burst_minutes)
        if burst_goes_on(connection, name, group.code, group.cause, known_since, last_at):
            continue
        if is_burst(group, ended, wanted):
            number = begin_burst(connection, name, group.code, group.cause, last_at)
            messages.append(_message(connection, name, number, group, ended, wanted, pages))
    return messages


def is_burst(group: FailureGroup, ended: int, wanted: Notifications) -> bool:
    """Tell whether so many failures of one cause are news.

    Parameters
    ----------
    group
        The failures of one cause within the window.
    ended
        How many sweeps have ended within the window, well or not.
    wanted
        The thresholds. The share does not count where the platform or a program failed: that is never normal.
    """
    count = len(group.failures)
    if count < wanted.burst_failures:
        return False
    return group.code in NEED_A_PERSON or count >= wanted.burst_share * ended


def _message(
    connection: Connection,
    beamline: str,
    number: int,
    group: FailureGroup,
    ended: int,
    wanted: Notifications,
    pages: AirflowPages,
) -> Message:
    newest = group.failures[0]
    count = len(group.failures)
    window = minutes(60 * wanted.burst_minutes)
    lines = (
        f"{sweeps(count)} of the {ended} that ended within {window}: {line_text(group.cause)}",
        f"Such as {name_text(newest.sweep)}: {line_text(newest.outcome.sentence)}",
        *_places(group),
        f"Try next: {newest.outcome.try_next}",
        "This burst is told once; `beamloop failures` lists what follows.",
    )
    return Message(
        event_key=f"burst-{number}",
        kind=NoticeKind.BURST,
        beamline=beamline,
        collection_id=None,
        title=f"{beamline}: {sweeps(count)} ended as {group.code.value} within {window}",
        lines=lines,
        link=pages.dag_run(dag_run_of(connection, newest.run_id)),
        facts={"ended_count": ended, "window_minutes": wanted.burst_minutes, "causes": [group_facts(group)]},
    )


def _places(group: FailureGroup) -> Sequence[str]:
    by_place = sorted(group.failures, key=lambda failure: str(failure.directory))
    places = [list(found) for _, found in groupby(by_place, key=lambda failure: failure.directory)]
    return [f"{name_text(found[0].collection)}: {names([one.sweep for one in found])}" for found in places]
