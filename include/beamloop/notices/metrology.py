"""What became of a metrology without a person: the rule or the gate has decided, or it failed."""

from collections.abc import Collection

from beamloop.beamlines.beamline_file import Beamline
from beamloop.catalog.connection import Connection
from beamloop.catalog.geometry import geometry_by_id, geometry_in_force
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.catalog.metrology import load_metrology
from beamloop.catalog.metrology_runs import metrology_ends_to_think_over, note_metrology_ends_noticed
from beamloop.geometry.approval import BY_RULE
from beamloop.geometry.candidate_words import describe_detector, serving, tell_gain
from beamloop.geometry.repeat_words import how_to_repeat
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import line_text, name_text
from beamloop.records.geometry import GeometryDecision, GeometryId, GeometryVersion
from beamloop.records.metrology import Metrology, MetrologyId
from beamloop.records.notification import Message, NoticeKind
from beamloop.records.outcome import Outcome

PROMOTED_TRY_NEXT = (
    "Look at its residual maps in the morning. The way back is `beamloop geometry withdraw {number} "
    "--why ...`."
)
REJECTED_TRY_NEXT = (
    "Nothing needs to be done. Where the gate was too strict, change `geometry` in the beamline's file, then "
    "`beamloop geometry promote {number} --why ...`."
)


def notice_metrology_ends(
    connection: Connection, beamline: Beamline, events: Collection[NoticeKind], pages: AirflowPages
) -> list[Message]:
    """Return a message for each geometry on which no person decided, and for each metrology that failed.

    Parameters
    ----------
    connection
        Inside a transaction that holds the beamline's lock and also keeps the messages.
    beamline
        Whose metrologies.
    events
        What its people want to hear of.
    pages
        Where Airflow's pages are.
    """
    ends = metrology_ends_to_think_over(connection, beamline.beamline)
    note_metrology_ends_noticed(connection, [end.metrology_id for end in ends])
    messages = []
    for end in ends:
        if end.geometry_id is None and NoticeKind.METROLOGY in events:
            messages += _failure(connection, end.metrology_id, pages)
        if end.geometry_id is not None and NoticeKind.DECIDED in events:
            messages += _decision(connection, end.geometry_id, pages)
    return messages


def _failure(connection: Connection, metrology_id: MetrologyId, pages: AirflowPages) -> list[Message]:
    """Tell of a metrology that failed; data that give no candidate are no fault."""
    metrology = load_metrology(connection, metrology_id)
    return [_failed(metrology, metrology.outcome, pages)] if metrology.outcome else []


def _failed(metrology: Metrology, outcome: Outcome, pages: AirflowPages) -> Message:
    number = metrology.metrology_id
    still = serving(metrology.start.geometry_id if metrology.start else None)
    return Message(
        event_key=f"metrology-{number}",
        kind=NoticeKind.METROLOGY,
        beamline=metrology.beamline,
        collection_id=None,
        title=f"{metrology.beamline}: a calibration of the detector failed, {outcome.code.value}",
        lines=(
            f"Metrology {number} of {name_text(metrology.detector or 'the detector')} at "
            f"{metrology.distance_mm:.1f} mm, in its step {outcome.step}: {line_text(outcome.sentence)}",
            f"Imports go on with {still}, as before.",
            *([f"Try next: {outcome.try_next}"] if outcome.try_next else []),
            how_to_repeat(metrology.beamline, {sweep.collection for sweep in metrology.sweeps}),
        ),
        link=pages.dag("refine_metrology"),
        facts={
            "metrology_id": number,
            "detector": metrology.detector,
            "outcome": outcome.code.value,
            "outcome_step": outcome.step,
        },
    )


def _decision(connection: Connection, geometry_id: GeometryId, pages: AirflowPages) -> list[Message]:
    """Tell of what the gate or the beamline's rule has decided, unless a person has decided since."""
    last = decisions_on(connection, geometry_id)[-1]
    if last.decided_by != BY_RULE:
        return []
    version = geometry_by_id(connection, geometry_id)
    now_serves = geometry_in_force(connection, version.beamline, last.decided_at)
    return [_decided(version, last, now_serves, pages)]


def _decided(
    version: GeometryVersion, last: GeometryDecision, now_serves: GeometryId | None, pages: AirflowPages
) -> Message:
    number = version.geometry_id
    promoted = last.decision == "promote"
    became = "serves, by the beamline's rule" if promoted else "was rejected by the gate"
    try_next = PROMOTED_TRY_NEXT if promoted else REJECTED_TRY_NEXT
    return Message(
        event_key=f"decided-{number}",
        kind=NoticeKind.DECIDED,
        beamline=version.beamline,
        collection_id=None,
        title=f"{version.beamline}: geometry {number} {became}",
        lines=(
            line_text(describe_detector(version)),
            *(tell_gain(version.evidence, version.panel_count) if version.evidence else ()),
            line_text(last.why),
            f"Imports of data from {last.in_force_from:%Y-%m-%d %H:%M} UTC on take it."
            if last.in_force_from
            else f"Imports go on with {serving(now_serves)}.",
            f"Try next: {try_next.format(number=number)}",
        ),
        link=pages.geometry(number),
        facts={
            "geometry_id": number,
            "detector": version.detector,
            "decision": last.decision,
            "why": last.why,
        },
    )
