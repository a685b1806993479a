"""What pages and stages ask of the catalogue, for the benchmark of its queries."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from beamloop.catalog.connection import Connection
from beamloop.catalog.geometry import geometry_in_force, stale_sweeps
from beamloop.catalog.housekeeping import artifacts_of_run, ended_run
from beamloop.catalog.intake import known_contents, take_up, waiting_requests
from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.isomorphism_snapshot import due_checks, gather_snapshot
from beamloop.catalog.joint_requests import collections_with_groups
from beamloop.catalog.ladder import rung_records
from beamloop.catalog.metrology_requests import offered_sweeps
from beamloop.catalog.noticed import finished_collections, outcome_count, standing_requests, standing_runs
from beamloop.catalog.notifications import due_notifications
from beamloop.catalog.open_requests import close_request, open_requests, waits_for_tending
from beamloop.catalog.results import find_collections, recent_collections, results_of_collection
from beamloop.catalog.runs import artifacts_of_step, load_run, start_run
from beamloop.catalog.second_chances import lock_siblings, second_chances
from beamloop.catalog.selection import failures_since, select_sweeps
from beamloop.catalog.stories import runs_of_sweep, steps_of_run
from beamloop.catalog.watched import folder_states
from beamloop.records.identifiers import CollectionId, RequestId, RunId, SweepId
from beamloop.records.outcome import OutcomeCode

Question = Callable[[Connection], object]

BEAMLINE = "i24"
DAY = timedelta(days=1)
# Below /beamloop/; collection, sweep and report 1 are those of the 5000 sweeps.
PAGES = (
    "api/now",
    "api/now?hours=336",
    "api/failures",
    "api/failures?hours=336",
    "api/health",
    "api/sweeps/1",
    "api/collections",
    "api/collections?text=plate9",
    "api/collections/1",
    "api/collections/1/sweeps",
    "api/collections/1/sweeps?order=a&down=true&offset=4950",
    "api/collections/1/sweeps?text=99",
    "api/reports/1",
    "api/groups",
    "api/geometries",
    "api/drift",
)
# What a real run has beside what `large_catalogue` writes, a part of it: a rung, a program and a file of each
# step.
DETAILS = """
INSERT INTO beamloop.rungs (run_id, rung, method, reason, accepted, indexed_count, finding, cpu_s)
SELECT run_id, 1, 'fft1d, known cell', 'first', run_id % 7 <> 0, 80, 'as the benchmark wants it', 1.0
FROM beamloop.runs;
INSERT INTO beamloop.program_starts (run_id, step, start_number, argv, program_end, exit_code, started_at,
                                     wall_s, cpu_s, peak_memory_bytes)
SELECT run_id, step, 1, ARRAY['dials.' || step, 'imported.expt'], 'exited', 0, started_at, 1, 1, 3e8
FROM beamloop.steps;
INSERT INTO beamloop.artifacts (run_id, step, name, key, sha256, size_bytes)
SELECT run_id, step, 'indexed.expt', run_id || '/' || step || '/indexed.expt', repeat('a', 64), 50000
FROM beamloop.steps;
ANALYZE;
"""


def stage_questions(collection_id: CollectionId) -> list[Question]:
    """Return what watcher, stages, notices and commands ask, about one collection where they ask of one.

    What writes is to be rolled back.
    """
    return [
        *_of_watcher_and_sweeps(collection_id),
        *_of_later_stages(collection_id),
        *_of_people(collection_id),
    ]


def _of_watcher_and_sweeps(collection_id: CollectionId) -> list[Question]:
    run_id, request_id = RunId(1), RequestId(1)
    return [
        partial(folder_states, beamline=BEAMLINE),
        partial(known_contents, beamline=BEAMLINE, directory=Path("/data/i24/plate1")),
        waiting_requests,
        due_checks,
        waits_for_tending,
        open_requests,
        partial(take_up, request_id=request_id),
        partial(load_run, run_id=run_id),
        partial(start_run, run_id=run_id),
        partial(rung_records, run_id=run_id),
        partial(artifacts_of_step, run_id=run_id, step="index"),
        partial(lock_siblings, collection_id=collection_id),
        partial(second_chances, request_id=request_id),
        partial(close_request, request_id=request_id),
    ]


def _of_later_stages(collection_id: CollectionId) -> list[Question]:
    return [
        partial(gather_snapshot, collection_id=collection_id),
        collections_with_groups,
        partial(latest_groups, collection_id=collection_id),
        partial(offered_sweeps, beamline=BEAMLINE, days=30),
        partial(geometry_in_force, beamline=BEAMLINE, at=datetime.now(UTC)),
        stale_sweeps,
        partial(ended_run, run_id=RunId(1)),
        partial(artifacts_of_run, run_id=RunId(1)),
    ]


def _of_people(collection_id: CollectionId) -> list[Question]:
    lately = datetime.now(UTC) - DAY
    return [
        partial(finished_collections, beamline=BEAMLINE, quiet_s=60.0),
        partial(standing_runs, beamline=BEAMLINE, still_s=3600.0),
        partial(standing_requests, beamline=BEAMLINE, still_s=3600.0),
        partial(outcome_count, beamline=BEAMLINE, since=lately),
        partial(due_notifications, limit=100),
        partial(failures_since, since=lately),
        partial(find_collections, text="plate9"),
        partial(recent_collections, limit=20),
        partial(results_of_collection, collection_id=collection_id),
        partial(select_sweeps, beamline=BEAMLINE, outcome=OutcomeCode.NO_LATTICE),
        partial(runs_of_sweep, sweep_id=SweepId(1)),
        partial(steps_of_run, run_id=RunId(1)),
    ]
