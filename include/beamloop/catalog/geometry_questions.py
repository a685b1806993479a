"""Questions to people about candidates: put once, thought over until somebody has decided."""

from collections.abc import Sequence
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.approval import OpenQuestion
from beamloop.records.geometry import GeometryId

# Who switches the notice on is told within so long of what waits, as by a reminder.
PASSED_OVER_FOR_S = 86400.0


def put_question(
    connection: Connection, geometry_id: GeometryId, *, wait_s: float, approvers: Sequence[str]
) -> datetime:
    """Note that somebody is asked about a candidate; the same question again keeps its end.

    Parameters
    ----------
    connection
        Inside a transaction.
    geometry_id
        The candidate.
    wait_s
        How long the question stands, counted from when it was asked first. One whose time has passed begins
        anew: somebody wants it asked again.
    approvers
        Airflow's names of those who may answer; none: whoever may answer in Airflow.

    Returns
    -------
    datetime
        When the question ends by itself, UTC.
    """
    until: datetime = QUERIES.put_question(
        connection, geometry_id=geometry_id, wait_s=wait_s, approvers=list(approvers)
    )
    return until


def open_question(connection: Connection, geometry_id: GeometryId) -> OpenQuestion | None:
    """Return the question about a candidate; None where nobody needs to answer."""
    row = QUERIES.open_question(connection, geometry_id=geometry_id)
    return None if row is None else _question(row)


def questions_to_think_over(connection: Connection, beamline: str) -> list[OpenQuestion]:
    """Return the open questions of a beamline of which somebody may have to be told now."""
    return [_question(row) for row in QUERIES.questions_to_think_over(connection, beamline=beamline)]


def put_off_question(connection: Connection, geometry_id: GeometryId, next_s: float, *, told: bool) -> None:
    """Think a question over again after a while; count that somebody was told."""
    QUERIES.put_off_question(connection, geometry_id=geometry_id, next_s=next_s, told=told)


def let_questions_pass(connection: Connection, except_of: Sequence[str]) -> None:
    """Tell nobody of the questions that are due, except on some beamlines."""
    QUERIES.let_questions_pass(connection, beamlines=list(except_of), next_s=PASSED_OVER_FOR_S)


def _question(row: Row) -> OpenQuestion:
    return OpenQuestion(
        GeometryId(row["geometry_id"]),
        row["asked_at"],
        row["until"],
        tuple(row["approvers"]),
        row["notice_count"],
    )
