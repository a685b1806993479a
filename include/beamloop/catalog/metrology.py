"""Metrologies: recorded step by step, ended once, the candidate in the same transaction."""

from collections.abc import Sequence

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import add_artifacts, stored_by_name
from beamloop.catalog.connection import QUERIES
from beamloop.catalog.geometry import add_geometry, geometry_by_id, geometry_with_models
from beamloop.catalog.step_records import end_work, put_step
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId, NewGeometry, SourceRole
from beamloop.records.metrology import (
    Metrology,
    MetrologyId,
    MetrologyOptions,
    MetrologyState,
    MetrologyStepReport,
    MetrologySweep,
)
from beamloop.records.outcome import Outcome, OutcomeCode


def load_metrology(connection: Connection, metrology_id: MetrologyId) -> Metrology:
    """Return a metrology.

    Raises
    ------
    NotFoundError
        When there is none of this number.
    """
    row = QUERIES.metrology_by_id(connection, metrology_id=metrology_id)
    if row is None:
        raise NotFoundError(
            f"The catalogue has no metrology {metrology_id}.",
            try_next="`beamloop metrology show` lists them.",
        )
    start, failed = row["start_geometry_id"], row["code"] is not None
    return Metrology(
        metrology_id=metrology_id,
        beamline=row["beamline"],
        detector=row["detector"],
        distance_mm=row["distance_mm"],
        start=None if start is None else geometry_by_id(connection, GeometryId(start)).use,
        sweeps=_sweeps(connection, metrology_id),
        options=MetrologyOptions.from_json(row["options"]),
        dials_version=row["dials_version"],
        requested_by=row["requested_by"],
        asked_at=row["asked_at"],
        place=row["place"],
        state=MetrologyState(row["state"]),
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["step"]) if failed else None,
        sentence=row["sentence"],
        geometry_id=None if row["geometry_id"] is None else GeometryId(row["geometry_id"]),
        steps_done=frozenset(row["steps_done"]),
    )


def _sweeps(connection: Connection, metrology_id: MetrologyId) -> tuple[MetrologySweep, ...]:
    rows = QUERIES.sweeps_of_metrology(connection, metrology_id=metrology_id)
    return tuple(
        MetrologySweep(**dict(row) | {"role": SourceRole(row["role"]) if row["role"] else None})
        for row in rows
    )


def start_metrology(connection: Connection, metrology_id: MetrologyId) -> None:
    """Note that work has begun."""
    QUERIES.start_metrology(connection, metrology_id=metrology_id)


def note_metrology_trouble(connection: Connection, metrology_id: MetrologyId, trouble: str) -> None:
    """Keep the words of a transient error, for the case that Airflow gives up."""
    QUERIES.note_metrology_trouble(connection, metrology_id=metrology_id, trouble=trouble)


def record_metrology_step(
    connection: Connection,
    metrology_id: MetrologyId,
    report: MetrologyStepReport,
    artifacts: Sequence[StoredObject],
) -> bool:
    """Record a step whole, once, its geometry candidate with it.

    Returns
    -------
    bool
        False when the step had been recorded before; then nothing is changed.
    """
    if not put_step(QUERIES.put_metrology_step, connection, report, metrology_id=metrology_id):
        return False
    whose = {"metrology_id": metrology_id, "step": report.step}
    add_artifacts(QUERIES.add_metrology_artifact, connection, report, artifacts, **whose)
    _add_findings(connection, metrology_id, report)
    if report.outcome:
        fail_metrology(connection, metrology_id, report.outcome)
    elif report.state:
        end_work(QUERIES.end_metrology, connection, report.state, report.sentence, metrology_id=metrology_id)
    return True


def _add_findings(connection: Connection, metrology_id: MetrologyId, report: MetrologyStepReport) -> None:
    if report.detector:
        QUERIES.name_metrology_detector(connection, metrology_id=metrology_id, detector=report.detector)
    for choice in report.choices:
        QUERIES.choose_metrology_sweep(
            connection,
            metrology_id=metrology_id,
            run_id=choice.run_id,
            role=choice.role.value if choice.role else None,
            why=choice.why,
        )
    if report.geometry:
        candidate = _candidate(connection, report.geometry)
        QUERIES.give_metrology_candidate(connection, metrology_id=metrology_id, geometry_id=candidate)


def _candidate(connection: Connection, new: NewGeometry) -> GeometryId:
    """Add a candidate; the same models as before are the version that they were."""
    return add_geometry(connection, new) or geometry_with_models(connection, new.stored.key)


def fail_metrology(connection: Connection, metrology_id: MetrologyId, outcome: Outcome) -> None:
    """End a metrology that a program or the platform has failed."""
    failed = MetrologyState.FAILED
    end_work(QUERIES.end_metrology, connection, failed, outcome.sentence, outcome, metrology_id=metrology_id)


def artifacts_of_metrology_step(
    connection: Connection, metrology_id: MetrologyId, step: str
) -> dict[str, StoredObject]:
    """Return where the files of a recorded step are, by name."""
    rows = QUERIES.artifacts_of_metrology_step(connection, metrology_id=metrology_id, step=step)
    return stored_by_name(rows)
