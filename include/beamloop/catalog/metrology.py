"""Metrologies: asked for once, recorded step by step, ended once, the candidate in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.artifacts import add_artifacts, stored_by_name
from beamloop.catalog.connection import QUERIES
from beamloop.catalog.geometry import add_geometry, geometry_by_id, geometry_with_models
from beamloop.catalog.step_records import StepCost, end_work, keys_of_files, put_step
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import Evidence, GeometryId, NewGeometry, SourceRole
from beamloop.records.identifiers import CollectionId, RunId, SweepId
from beamloop.records.metrology import (
    Metrology,
    MetrologyId,
    MetrologyOptions,
    MetrologyState,
    MetrologyStepReport,
    MetrologySweep,
    metrology_key,
)
from beamloop.records.outcome import Outcome, OutcomeCode


@dataclass(frozen=True, slots=True)
class OfferedSweep:
    """A processed sweep that a metrology may use."""

    beamline: str  # "i24"
    serving: GeometryId | None  # the geometry that serves its data; None: the header's
    sweep: MetrologySweep


@dataclass(frozen=True, slots=True)
class MetrologyResult:
    """A metrology with what its steps took and left."""

    metrology: Metrology
    evidence: Evidence | None  # the candidate's
    steps: tuple[StepCost, ...]
    files: dict[str, str]  # by step and name: {"report/report.html": "i24/metrology/metrology-3/report/..."}


def offered_sweeps(
    connection: Connection,
    *,
    beamline: str | None = None,
    collection_id: CollectionId | None = None,
    days: int,
) -> list[OfferedSweep]:
    """Return the newest processed run of each sweep.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Only its sweeps, where given.
    collection_id
        Only this collection's sweeps, of any time, where given.
    days
        Else those of so many days before the beamline's newest sweep.
    """
    rows = QUERIES.metrology_sweeps_of_beamline(
        connection, beamline=beamline, collection_id=collection_id, days=days
    )
    return [
        OfferedSweep(
            row["beamline"],
            None if row["geometry_id"] is None else GeometryId(row["geometry_id"]),
            MetrologySweep(
                run_id=RunId(row["run_id"]),
                sweep_id=SweepId(row["sweep_id"]),
                name=row["sweep_name"],
                collection=row["collection"],
                content_sha256=row["content_sha256"],
                indexed_count=row["indexed_count"],
                distance_mm=row["distance_mm"],
            ),
        )
        for row in rows
    ]


def all_known(
    connection: Connection, sweeps: Sequence[MetrologySweep], options: MetrologyOptions, dials_version: str
) -> bool:
    """Tell whether each sweep's images were offered before, to a metrology that did not fail."""
    return all(
        QUERIES.metrology_knows(
            connection,
            sweep_id=sweep.sweep_id,
            content_sha256=sweep.content_sha256,
            options=Json(options.as_json()),
            dials_version=dials_version,
        )
        for sweep in sweeps
    )


def put_metrology(
    connection: Connection,
    beamline: str,
    serving: GeometryId | None,
    sweeps: Sequence[MetrologySweep],
    options: MetrologyOptions,
    dials_version: str,
    *,
    requested_by: str,
    again: bool = False,
) -> MetrologyId | None:
    """Ask for a metrology.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Whose detector.
    serving
        The geometry that serves these data.
    sweeps
        Those that may be chosen; at least one.
    options
        How to refine.
    dials_version
        The DIALS that will do it, e.g. "3.12.1".
    requested_by
        A person, or "refine_metrology".
    again
        Ask for work that is known too, unless it waits still.

    Returns
    -------
    MetrologyId or None
        None when this work is known.
    """
    key = metrology_key(sweeps, serving, options, dials_version)
    known = QUERIES.metrology_repetitions(connection, beamline=beamline, work_sha256=key)
    if known["repetition"] > 0 and (known["waits"] or not again):
        return None
    number = QUERIES.put_metrology(
        connection,
        beamline=beamline,
        distance_mm=median(sweep.distance_mm for sweep in sweeps),
        start_geometry_id=serving,
        work_sha256=key,
        repetition=known["repetition"],
        options=Json(options.as_json()),
        dials_version=dials_version,
        requested_by=requested_by,
    )
    if number is None:  # another asker was faster
        return None
    for sweep in sweeps:
        QUERIES.add_metrology_sweep(
            connection,
            metrology_id=number,
            run_id=sweep.run_id,
            content_sha256=sweep.content_sha256,
            indexed_count=sweep.indexed_count,
            distance_mm=sweep.distance_mm,
        )
    return MetrologyId(number)


def waiting_metrologies(
    connection: Connection, chosen: Sequence[MetrologyId] | None = None
) -> list[MetrologyId]:
    """Return the metrologies that have not ended, the oldest first; of these only, where given."""
    rows = QUERIES.waiting_metrologies(connection, metrology_ids=None if chosen is None else list(chosen))
    return [MetrologyId(row["metrology_id"]) for row in rows]


def newest_metrologies(
    connection: Connection, beamline: str | None = None, limit: int = 20
) -> list[Metrology]:
    """Return the newest metrologies of a beamline, or of all, the newest first."""
    rows = QUERIES.metrologies_newest(connection, beamline=beamline, limit=limit)
    return [load_metrology(connection, MetrologyId(row["metrology_id"])) for row in rows]


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
