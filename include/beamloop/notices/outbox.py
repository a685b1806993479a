"""Notice what is worth telling and put it into the outbox, in one transaction for each beamline."""

import logging
from collections.abc import Mapping, Set
from datetime import UTC, datetime
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline, read_beamlines
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.drift import let_drift_pass
from beamloop.catalog.geometry_questions import let_questions_pass
from beamloop.catalog.metrology_runs import let_metrology_ends_pass
from beamloop.catalog.noticed import let_finish_pass
from beamloop.catalog.notifications import lock_beamline, put_notification
from beamloop.catalog.watched import clock_s
from beamloop.notices.approval import notice_questions
from beamloop.notices.bursts import notice_bursts
from beamloop.notices.drift import notice_drift
from beamloop.notices.finished import notice_finished
from beamloop.notices.links import AirflowPages
from beamloop.notices.metrology import notice_metrology_ends
from beamloop.notices.stuck import notice_stuck
from beamloop.records.notification import Message, NoticeKind

log = logging.getLogger(__name__)

# Both are told of a metrology's end.
ENDS = frozenset({NoticeKind.DECIDED, NoticeKind.METROLOGY})


def notice_all(beamlines_directory: Path, catalog: Catalog, pages: AirflowPages) -> int:
    """Notice for every beamline whose file asks for it.

    Level-triggered: what is the case counts, so a call that was missed or killed loses nothing, and one that
    is repeated tells nothing twice.

    Parameters
    ----------
    beamlines_directory
        Folder of the beamlines' YAML files.
    catalog
        Where everything is known and the outbox is.
    pages
        Where Airflow's pages are, for the links.

    Returns
    -------
    int
        How many messages were put into the outbox.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    beamlines, faults = read_beamlines(beamlines_directory)
    wanted = {b.beamline: (b, b.notifications) for b in beamlines if b.notifications}
    made = 0
    for beamline, notifications in wanted.values():
        with catalog.transaction() as connection:
            if lock_beamline(connection, beamline.beamline):
                made += _notice(connection, beamline, notifications, pages)
    if not faults:
        # With a file that cannot be read it is not known who wants to hear: this waits until it is mended.
        with catalog.transaction() as connection:
            let_finish_pass(connection, except_of=_with({NoticeKind.FINISHED}, wanted))
            let_drift_pass(connection, except_of=_with({NoticeKind.DRIFT}, wanted))
            let_questions_pass(connection, except_of=_with({NoticeKind.APPROVAL}, wanted))
            let_metrology_ends_pass(connection, except_of=_with(ENDS, wanted))
    return made


def _with(kinds: Set[NoticeKind], wanted: Mapping[str, tuple[Beamline, Notifications]]) -> list[str]:
    """Return the beamlines that want to hear of one of these kinds."""
    return [name for name, (_, notifications) in wanted.items() if kinds & set(notifications.events)]


def _notice(connection: Connection, beamline: Beamline, wanted: Notifications, pages: AirflowPages) -> int:
    now = datetime.fromtimestamp(clock_s(connection), UTC)
    messages: list[Message] = []
    if NoticeKind.FINISHED in wanted.events:
        messages += notice_finished(connection, beamline, wanted, pages)
    if NoticeKind.BURST in wanted.events:
        messages += notice_bursts(connection, beamline, wanted, pages, now)
    if NoticeKind.STUCK in wanted.events:
        messages += notice_stuck(connection, beamline, wanted, pages, now)
    if NoticeKind.DRIFT in wanted.events:
        messages += notice_drift(connection, beamline, pages)
    if NoticeKind.APPROVAL in wanted.events:
        messages += notice_questions(connection, beamline, wanted, pages, now)
    if ENDS & set(wanted.events):
        messages += notice_metrology_ends(connection, beamline, wanted.events, pages)
    made = 0
    for message in messages:
        new = [put_notification(connection, message, address) for address in wanted.addresses()]
        made += sum(new)
        if any(new):
            log.info("%s", message.title)
    return made
