"""Ask for runs of sweeps that the catalogue knows; the same work once, unless asked again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.events import note_event
from beamloop.catalog.geometry import geometry_key
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId, RequestId, SweepId, request_name
from beamloop.records.parameters import Parameters, run_key

# After each task that ends, Airflow's scheduler loads all tasks of its run: what a task costs grows with the
# length of the run (decision 28).
SWEEPS_PER_REQUEST = 50
WATCH = "watch"


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A sweep to process, as it is now on the disk, and how."""

    sweep_id: SweepId  # 12
    content_sha256: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class _NewRun:
    wanted: WantedRun
    geometry_id: GeometryId | None
    key: str
    repetition: int


def are_known_work(connection: Connection, wanted: Sequence[WantedRun], dials_version: str) -> list[bool]:
    """Tell of each sweep whether it has a run with these parameters, content, DIALS and its geometry.

    One that was cancelled or interrupted tells nothing of the sweep and does not count.
    """
    geometries = _geometries(connection, wanted)
    keys = [_key(run, dials_version, geometries.get(run.sweep_id)) for run in wanted]
    known = _known(connection, keys)
    return [key in known for key in keys]


def has_open_request(
    connection: Connection, collection_id: CollectionId, request_id: RequestId | None = None
) -> bool:
    """Tell whether a request of a collection, or this one of it, has not ended yet."""
    return bool(QUERIES.has_open_request(connection, collection_id=collection_id, request_id=request_id))


def ask_for_runs(
    connection: Connection,
    collection_id: CollectionId,
    key_name: str,
    wanted: Sequence[WantedRun],
    dials_version: str,
    *,
    requested_by: str,
    again: bool = False,
) -> list[RequestId]:
    """Ask for the runs that are not known yet, each with the geometry in force at the time of its data.

    The collection's row is locked until the transaction ends, so two askers of the same work come one
    after the other, and the second finds nothing new.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection that all the sweeps belong to.
    key_name
        Its place in the store, with which the names of the DAG runs begin.
    wanted
        Sweeps and parameter sets.
    dials_version
        The DIALS that will do the work, e.g. "3.12.1".
    requested_by
        A person, or :data:`WATCH`: what has just been collected goes before all else.
    again
        Ask for work that is known too.

    Returns
    -------
    list of RequestId
        None when all of this work is known; several when there are more sweeps than one DAG run takes.
    """
    QUERIES.lock_collection(connection, collection_id=collection_id)
    new_runs = _new_runs(connection, wanted, dials_version, again=again)
    requests = []
    for at in range(0, len(new_runs), SWEEPS_PER_REQUEST):
        chunk = new_runs[at : at + SWEEPS_PER_REQUEST]
        request_id = RequestId(
            QUERIES.put_request(
                connection,
                collection_id=collection_id,
                dag_run_id=request_name(key_name, _chunk_digest(chunk), arrived=requested_by == WATCH),
                requested_by=requested_by,
            )
        )
        _add_runs(connection, request_id, chunk, dials_version)
        note_event(connection, requested_by, "request", collection_id, f"{len(chunk)} sweeps asked for")
        requests.append(request_id)
    return requests


def _key(wanted: WantedRun, dials_version: str, geometry_id: GeometryId | None) -> str:
    geometry = geometry_key(geometry_id)
    return run_key(wanted.parameters, wanted.sweep_id, wanted.content_sha256, dials_version, geometry)


def _geometries(connection: Connection, wanted: Sequence[WantedRun]) -> dict[SweepId, GeometryId]:
    """Return the version that serves each sweep; the headers' geometry is none."""
    rows = QUERIES.geometries_of_sweeps(connection, sweep_ids=[run.sweep_id for run in wanted])
    return {row["sweep_id"]: GeometryId(row["geometry_id"]) for row in rows}


def _known(connection: Connection, keys: Sequence[str]) -> set[str]:
    return {row["run_key"] for row in QUERIES.known_work(connection, run_keys=list(keys))}


def _next_repetition(connection: Connection, key: str) -> int:
    return int(QUERIES.next_repetition(connection, run_key=key))


def _new_runs(
    connection: Connection, wanted: Sequence[WantedRun], dials_version: str, *, again: bool
) -> list[_NewRun]:
    geometries = _geometries(connection, wanted)
    keyed = [(run, _key(run, dials_version, geometries.get(run.sweep_id))) for run in wanted]
    known = set() if again else _known(connection, [key for _, key in keyed])
    return [
        _NewRun(run, geometries.get(run.sweep_id), key, _next_repetition(connection, key))
        for run, key in keyed
        if key not in known
    ]


def _add_runs(connection: Connection, request_id: RequestId, runs: Sequence[_NewRun], version: str) -> None:
    for run in runs:
        QUERIES.add_run(
            connection,
            sweep_id=run.wanted.sweep_id,
            request_id=request_id,
            run_key=run.key,
            repetition=run.repetition,
            parameters=Json(run.wanted.parameters.as_json()),
            dials_version=version,
            geometry_id=run.geometry_id,
        )


def _chunk_digest(chunk: Sequence[_NewRun]) -> str:
    text = "\n".join(f"{run.key} {run.repetition}" for run in chunk)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
