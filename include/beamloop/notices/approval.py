"""A refined geometry waits for a person, or still does."""

from collections.abc import Sequence
from datetime import datetime

from beamloop.beamlines.beamline_file import Beamline
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.connection import Connection
from beamloop.catalog.geometry import (
    candidates_beside,
    geometry_by_id,
    geometry_in_force,
    newer_geometry_serving,
)
from beamloop.catalog.geometry_questions import (
    PASSED_OVER_FOR_S,
    put_off_question,
    questions_to_think_over,
)
from beamloop.geometry.candidate_words import describe_detector, name_others, serving, tell_gain
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import line_text, minutes, names
from beamloop.records.approval import OpenQuestion
from beamloop.records.geometry import GeometryVersion, WaitingCandidate
from beamloop.records.notification import Message, NoticeKind

ANYBODY = "whoever may start refine_metrology in Airflow"


def notice_questions(
    connection: Connection, beamline: Beamline, wanted: Notifications, pages: AirflowPages, now: datetime
) -> list[Message]:
    """Return a message for each candidate that begins to wait, and for the newest that has waited long.

    Each candidate is told once when it is asked about. The reminders are about the newest one of a detector,
    which names the others: seven nights would otherwise be seven reminders a day.

    Parameters
    ----------
    connection
        Inside a transaction that holds the beamline's lock and also keeps the messages.
    beamline, wanted
        Whose candidates, and after how long people are reminded.
    pages
        Where Airflow's pages are.
    now
        The catalogue's time, UTC.
    """
    hours = wanted.approval_reminder_hours
    messages = []
    for question in questions_to_think_over(connection, beamline.beamline):
        version = geometry_by_id(connection, question.geometry_id)
        told = _is_worth_telling(connection, question)
        if told:
            messages.append(_message(connection, version, question, pages, now))
        never = (question.until - now).total_seconds()
        next_s = PASSED_OVER_FOR_S if not told else never if hours is None else 3600 * hours
        put_off_question(connection, question.geometry_id, next_s, told=told)
    return messages


def _is_worth_telling(connection: Connection, question: OpenQuestion) -> bool:
    if newer_geometry_serving(connection, question.geometry_id) is not None:
        return False
    others = candidates_beside(connection, question.geometry_id)
    is_newest = all(one.geometry_id < question.geometry_id for one in others)
    return question.notice_count == 0 or is_newest


def _message(
    connection: Connection,
    version: GeometryVersion,
    question: OpenQuestion,
    pages: AirflowPages,
    now: datetime,
) -> Message:
    number, beamline = version.geometry_id, version.beamline
    waiting = candidates_beside(connection, number)
    is_reminder = question.notice_count > 0
    waited = minutes((now - question.asked_at).total_seconds())
    others = [f"Other candidates of this detector wait too: {name_others(waiting)}."] if waiting else []
    return Message(
        event_key=f"approval-{number}-{question.notice_count + 1}",
        kind=NoticeKind.APPROVAL,
        beamline=beamline,
        collection_id=None,
        title=f"{beamline}: geometry {number} has waited for {waited} for a person to decide"
        if is_reminder
        else f"{beamline}: geometry {number} waits for a person: shall it serve?",
        lines=(
            line_text(describe_detector(version)),
            f"It has passed the gate. Now serves {serving(geometry_in_force(connection, beamline, now))}.",
            *(tell_gain(version.evidence, version.panel_count) if version.evidence else ()),
            *others,
            f"Who may decide: {names(question.approvers) if question.approvers else ANYBODY}.",
            "Until somebody does, nothing changes. The question ends on "
            f"{question.until:%Y-%m-%d %H:%M} UTC; the geometry then stays a candidate.",
            f"Try next: Look at it on the page Geometry, and promote or reject it there; or answer among "
            f"Airflow's required actions; or `beamloop geometry promote {number} --why ...`.",
        ),
        link=pages.geometry(number),
        facts=_facts(version, question, waiting),
    )


def _facts(
    version: GeometryVersion, question: OpenQuestion, waiting: Sequence[WaitingCandidate]
) -> dict[str, object]:
    return {
        "geometry_id": version.geometry_id,
        "detector": version.detector,
        "is_reminder": question.notice_count > 0,
        "approvers": list(question.approvers),
        "asked_at": question.asked_at.isoformat(timespec="seconds"),
        "until": question.until.isoformat(timespec="seconds"),
        "also_waiting": [one.geometry_id for one in waiting],
    }
