"""Runs and their steps: what is done, what was found, how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.artifacts import add_artifacts, stored_by_name
from beamloop.catalog.connection import QUERIES, Row
from beamloop.catalog.geometry import geometry_by_id
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.images import MasterImages, NumberedImages, SweepImages
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import Parameters
from beamloop.records.run import Run, StepReport


def load_run(connection: Connection, run_id: RunId) -> Run:
    """Return a run with its sweep and what is done of it.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    row = QUERIES.run_by_id(connection, run_id=run_id)
    if row is None:
        raise NotFoundError(
            f"The catalogue has no run {run_id}.",
            try_next="`beamloop show COLLECTION SWEEP` lists a sweep's runs.",
        )
    geometry = geometry_by_id(connection, row["geometry_id"]).use if row["geometry_id"] else None
    return replace(_run(run_id, row), geometry=geometry)


def _run(run_id: RunId, row: Row) -> Run:
    ended = row["code"] is not None
    return Run(
        run_id=run_id,
        request_id=RequestId(row["request_id"]),
        sweep_name=row["name"],
        images=_images(row),
        content_sha256=row["content_sha256"],
        parameters=Parameters.from_json(row["parameters"]),
        dials_version=row["dials_version"],
        place=f"{row['beamline']}/{row['collection_key_name']}/{row['key_name']}/run-{run_id}",
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["step"]) if ended else None,
        steps_done=frozenset(row["steps_done"]),
    )


def _images(row: Row) -> SweepImages:
    directory, missing = Path(row["directory"]), tuple(row["missing_images"])
    first, last = row["image_first"], row["image_last"]
    if row["kind"] == "master":
        return MasterImages(directory, row["prefix"], tuple(row["data_files"]), last, missing, first)
    template = row["prefix"], row["digits"], row["suffix"]
    return NumberedImages(directory, *template, first, last, missing)


def start_run(connection: Connection, run_id: RunId) -> None:
    """Note that work has begun; an interrupted or cancelled run is open again."""
    QUERIES.reopen_run(connection, run_id=run_id)
    QUERIES.start_run(connection, run_id=run_id)


def record_step(
    connection: Connection, run_id: RunId, report: StepReport, artifacts: Sequence[StoredObject]
) -> bool:
    """Record a step whole, once.

    Parameters
    ----------
    connection
        Inside a transaction: everything is recorded, or nothing.
    run_id
        The run.
    report
        What the step found.
    artifacts
        Where its files are in the store, in the order of `report.artifact_names`.

    Returns
    -------
    bool
        False when the step had been recorded before; then nothing is changed.
    """
    step = QUERIES.put_step(
        connection,
        run_id=run_id,
        step=report.step,
        started_at=report.started_at,
        ended_at=report.ended_at,
        finding=report.finding,
    )
    if step is None:
        return False
    _add_programs(connection, run_id, report)
    _add_facts(connection, run_id, report)
    whose = {"run_id": run_id, "step": report.step}
    add_artifacts(QUERIES.add_artifact, connection, report, artifacts, **whose)
    if report.outcome:
        record_outcome(connection, run_id, report.outcome)
    return True


def _add_programs(connection: Connection, run_id: RunId, report: StepReport) -> None:
    for number, program in enumerate(report.programs, start=1):
        QUERIES.add_program(
            connection,
            run_id=run_id,
            step=report.step,
            start_number=number,
            argv=list(program.argv),
            folder=_folder_in_step(report.step, program.log_path),
            program_end=program.end.value,
            exit_code=program.exit_code,
            missing_outputs=list(program.missing_outputs),
            started_at=program.started_at,
            wall_s=program.wall_s,
            cpu_s=program.cpu_s,
            peak_memory_bytes=program.peak_memory_bytes,
        )


def _folder_in_step(step: str, log_path: Path) -> str:
    """Return where a program ran, below the step's folder that its staging folder becomes."""
    parts = log_path.parent.parts
    staging = f".staging-{step}"
    return "/".join(parts[parts.index(staging) + 1 :]) if staging in parts else ""


def _add_facts(connection: Connection, run_id: RunId, report: StepReport) -> None:
    for rung in report.rungs:
        QUERIES.add_rung(connection, run_id=run_id, **asdict(rung))
    if report.spots:
        QUERIES.add_spot_counts(
            connection,
            run_id=run_id,
            spot_count=report.spots.spot_count,
            spots_per_image=list(report.spots.spots_per_image),
        )
    for crystal in report.crystals:
        values = asdict(crystal) | {
            "cell": list(crystal.cell),
            "cell_su": list(crystal.cell_su) if crystal.cell_su else None,
        }
        QUERIES.add_crystal(connection, run_id=run_id, step=report.step, **values)
    if report.integration:
        QUERIES.add_integration(connection, run_id=run_id, **asdict(report.integration))


def record_outcome(connection: Connection, run_id: RunId, outcome: Outcome) -> None:
    """Say how a run ended. The first word stands, except over an interruption."""
    QUERIES.put_outcome(
        connection,
        run_id=run_id,
        code=outcome.code.value,
        step=outcome.step,
        sentence=outcome.sentence,
    )
    QUERIES.end_run(connection, run_id=run_id)


def note_trouble(connection: Connection, run_id: RunId, trouble: str) -> None:
    """Keep the words of a transient error, for the case that Airflow gives up."""
    QUERIES.note_trouble(connection, run_id=run_id, trouble=trouble)


def artifacts_of_step(connection: Connection, run_id: RunId, step: str) -> dict[str, StoredObject]:
    """Return where the files of a recorded step are, by name."""
    rows = QUERIES.artifacts_of_step(connection, run_id=run_id, step=step)
    return stored_by_name(rows)
