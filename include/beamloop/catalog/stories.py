"""All that the catalogue knows of one sweep: its runs, and one of them step by step."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId, RunId, SweepId
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.parameters import STEPS, Parameters
from beamloop.records.run import CrystalFact, IntegrationFact, RungFact, SpotCounts


@dataclass(frozen=True, slots=True)
class RunHeader:
    """One of a sweep's runs."""

    run_id: RunId  # 17
    parameters: Parameters
    dials_version: str  # "3.12.1"
    geometry_id: GeometryId | None  # 4; None: the header's geometry
    requested_by: str  # "watch"
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"
    created_at: datetime  # UTC
    started_at: datetime | None  # UTC
    ended_at: datetime | None  # UTC
    outcome: Outcome | None  # None while the run goes on
    last_trouble: str  # words of the last transient error, or ""


@dataclass(frozen=True, slots=True)
class ProgramStart:
    """One start of a program as the catalogue keeps it."""

    argv: tuple[str, ...]  # ("dials.index", "../import/imported.expt", ...)
    folder: str  # "rung-1/search": below the step's folder; "" for the folder itself
    program_end: str  # "exited"
    exit_code: int  # 0
    missing_outputs: tuple[str, ...]
    wall_s: float  # 11.2
    cpu_s: float  # 10.9
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class StepStory:
    """One recorded step."""

    step: str  # "index"
    started_at: datetime  # UTC
    ended_at: datetime  # UTC
    finding: str  # "181 spots indexed, H 3"
    programs: tuple[ProgramStart, ...]
    artifacts: tuple[tuple[str, StoredObject], ...]  # by name: ("indexed.expt", ...)
    crystals: tuple[CrystalFact, ...]


@dataclass(frozen=True, slots=True)
class RunStory:
    """One run from its first step to its last."""

    header: RunHeader
    steps: tuple[StepStory, ...]  # in the order of the stage
    rungs: tuple[RungFact, ...]
    spots: SpotCounts | None
    integration: IntegrationFact | None


def sweeps_named(connection: Connection, collection_id: CollectionId, text: str) -> dict[str, SweepId]:
    """Return the sweeps of a collection with this name or template, by template.

    Several sweeps have one name when their templates differ in the number of digits or the suffix.
    """
    found = {}
    for row in QUERIES.sweeps_of_collection(connection, collection_id=collection_id):
        template = f"{row['prefix']}{'#' * row['digits']}{row['suffix']}"
        if text in (row["name"], row["key_name"], template):
            found[template] = SweepId(row["sweep_id"])
    return found


def runs_of_sweep(connection: Connection, sweep_id: SweepId) -> list[RunHeader]:
    """Return all runs of a sweep, the newest first."""
    return [_header(row) for row in QUERIES.runs_of_sweep(connection, sweep_id=sweep_id)]


def _header(row: Row) -> RunHeader:
    ended = row["code"] is not None
    return RunHeader(
        run_id=RunId(row["run_id"]),
        parameters=Parameters.from_json(row["parameters"]),
        dials_version=row["dials_version"],
        geometry_id=row["geometry_id"],
        requested_by=row["requested_by"],
        dag_run_id=row["dag_run_id"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=Outcome(OutcomeCode(row["code"]), row["sentence"], row["step"]) if ended else None,
        last_trouble=row["last_trouble"],
    )


def story_of_run(connection: Connection, header: RunHeader) -> RunStory:
    """Return everything that is recorded of a run."""
    run_id = header.run_id
    spots = QUERIES.spots_of_run(connection, run_id=run_id)
    integration = QUERIES.integration_of_run(connection, run_id=run_id)
    return RunStory(
        header=header,
        steps=steps_of_run(connection, run_id),
        rungs=tuple(RungFact(**row) for row in QUERIES.rungs_of_run(connection, run_id=run_id)),
        spots=SpotCounts(spots["spot_count"], tuple(spots["spots_per_image"])) if spots else None,
        integration=IntegrationFact(**integration) if integration else None,
    )


def steps_of_run(connection: Connection, run_id: RunId) -> tuple[StepStory, ...]:
    """Return the recorded steps of a run, in the order of the stage."""
    programs = _by_step(QUERIES.programs_of_run(connection, run_id=run_id))
    artifacts = _by_step(QUERIES.artifacts_of_run(connection, run_id=run_id))
    crystals = _by_step(QUERIES.crystals_of_run(connection, run_id=run_id))
    stories = [
        StepStory(
            **row,
            programs=tuple(_program(values) for values in programs[row["step"]]),
            artifacts=tuple((a.pop("name"), StoredObject(**a)) for a in artifacts[row["step"]]),
            crystals=tuple(_crystal(values) for values in crystals[row["step"]]),
        )
        for row in QUERIES.steps_of_run(connection, run_id=run_id)
    ]
    return tuple(sorted(stories, key=lambda story: STEPS.index(story.step)))


def _by_step(rows: Iterable[Row]) -> defaultdict[str, list[dict[str, Any]]]:
    sorted_rows = defaultdict(list)
    for row in rows:
        values = dict(row)
        sorted_rows[values.pop("step")].append(values)
    return sorted_rows


def _program(values: dict[str, Any]) -> ProgramStart:
    del values["start_number"]
    lists = {name: tuple(values[name]) for name in ("argv", "missing_outputs")}
    return ProgramStart(**values | lists)


def _crystal(values: dict[str, Any]) -> CrystalFact:
    cell_su = tuple(values["cell_su"]) if values["cell_su"] else None
    return CrystalFact(**values | {"cell": tuple(values["cell"]), "cell_su": cell_su})
