"""Metrologies for people: what their steps took and left."""

from dataclasses import dataclass
from functools import partial

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.geometry import geometry_by_id
from beamloop.catalog.metrology import artifacts_of_metrology_step, load_metrology
from beamloop.catalog.step_records import StepCost, keys_of_files
from beamloop.records.evidence import Evidence
from beamloop.records.metrology import Metrology, MetrologyId


@dataclass(frozen=True, slots=True)
class MetrologyResult:
    """A metrology with what its steps took and left."""

    metrology: Metrology
    evidence: Evidence | None  # the candidate's
    steps: tuple[StepCost, ...]
    files: dict[str, str]  # by step and name: {"report/report.html": "i24/metrology/metrology-3/report/..."}


def newest_metrologies(
    connection: Connection, beamline: str | None = None, limit: int = 20
) -> list[Metrology]:
    """Return the newest metrologies of a beamline, or of all, the newest first."""
    rows = QUERIES.metrologies_newest(connection, beamline=beamline, limit=limit)
    return [load_metrology(connection, MetrologyId(row["metrology_id"])) for row in rows]


def metrology_result(connection: Connection, metrology_id: MetrologyId) -> MetrologyResult:
    """Return a metrology with what its steps took and left.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    metrology = load_metrology(connection, metrology_id)
    rows = QUERIES.metrology_steps(connection, metrology_id=metrology_id)
    steps = tuple(StepCost(**row) for row in rows)
    files = keys_of_files(steps, partial(artifacts_of_metrology_step, connection, metrology_id))
    candidate = metrology.geometry_id
    evidence = None if candidate is None else geometry_by_id(connection, candidate).evidence
    return MetrologyResult(metrology, evidence, steps, files)
