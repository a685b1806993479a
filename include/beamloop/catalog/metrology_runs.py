"""Which of Airflow's runs works on a metrology, candidates that nobody is asked about, ends to be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import MetrologyId

# A run needs minutes until it asks. One that cannot ask, because a beamline's file is faulty, say, is
# followed by another one after 10 minutes, the next after 20, up to one a day.
FIRST_WAIT_S = 600.0
LONGEST_WAIT_S = 86400.0


@dataclass(frozen=True, slots=True)
class UndecidedCandidate:
    """A candidate that somebody should be asked about, and the task of Airflow that should ask."""

    metrology_id: MetrologyId  # 3
    geometry_id: GeometryId  # 7
    dag_run_id: str  # "metrology-3-3"
    map_index: int  # 0
    times: int  # 1: how many runs there were


@dataclass(frozen=True, slots=True)
class MetrologyEnd:
    """A metrology about which nothing needs to be decided any more."""

    metrology_id: MetrologyId  # 3
    geometry_id: GeometryId | None  # 7


def note_taken_up(connection: Connection, metrology_id: MetrologyId, dag_run_id: str, map_index: int) -> None:
    """Note which of Airflow's runs works on a metrology from now on, and as which of its mapped tasks."""
    QUERIES.note_taken_up(connection, metrology_id=metrology_id, dag_run_id=dag_run_id, map_index=map_index)


def dag_run_of_metrology(connection: Connection, metrology_id: MetrologyId) -> str:
    """Return the name of Airflow's run that works on a metrology; "" where none took it up."""
    return QUERIES.dag_run_of_metrology(connection, metrology_id=metrology_id) or ""


def undecided_candidates(connection: Connection, longest_question_s: float) -> list[UndecidedCandidate]:
    """Return the candidates that somebody should be asked about, whose run had time enough to ask.

    Parameters
    ----------
    connection
        Inside a transaction.
    longest_question_s
        After so long nobody is asked about a candidate whose question was never put.
    """
    rows = QUERIES.undecided_candidates(
        connection,
        first_wait_s=FIRST_WAIT_S,
        longest_wait_s=LONGEST_WAIT_S,
        longest_question_s=longest_question_s,
    )
    return [UndecidedCandidate(**row) for row in rows]


def metrology_ends_to_think_over(connection: Connection, beamline: str) -> list[MetrologyEnd]:
    """Return the metrologies of a beamline whose end nobody has thought over."""
    rows = QUERIES.metrology_ends_to_think_over(connection, beamline=beamline)
    return [MetrologyEnd(**row) for row in rows]


def note_metrology_ends_noticed(connection: Connection, metrology_ids: Sequence[MetrologyId]) -> None:
    """Note that the ends of these metrologies are told, or need not be."""
    QUERIES.note_metrology_ends_noticed(connection, metrology_ids=list(metrology_ids))


def let_metrology_ends_pass(connection: Connection, except_of: Sequence[str]) -> None:
    """Tell nobody of the ends of metrologies, except on some beamlines."""
    QUERIES.let_metrology_ends_pass(connection, beamlines=list(except_of))
