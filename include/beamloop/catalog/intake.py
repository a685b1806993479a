"""Collections, sweeps and requests for processing enter the catalogue, each once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import CollectionId, RequestId, RunId, SweepId, natural_order, safe_name
from beamloop.records.parameters import Parameters, run_key

# Airflow fails a task that maps over more than core.max_map_length (1024), and each of its scheduling
# passes looks at every unfinished task of a run: half of that keeps runs quick.
SWEEPS_PER_REQUEST = 500


@dataclass(frozen=True, slots=True)
class DagRequest:
    """A request and the DAG run that it is."""

    request_id: RequestId
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"


@dataclass(frozen=True, slots=True)
class _NewRun:
    sweep_id: SweepId
    key: str
    repetition: int


def note_event(
    connection: Connection, actor: str, kind: str, collection_id: CollectionId, sentence: str
) -> None:
    """Write down for people what happened and who did it.

    Parameters
    ----------
    connection
        Inside a transaction.
    actor
        A person or a part of Beamloop, e.g. "watch".
    kind
        One word to filter by, e.g. "request".
    collection_id
        Where it happened.
    sentence
        Plain words.
    """
    QUERIES.add_event(
        connection, actor=actor, kind=kind, collection_id=collection_id, run_id=None, sentence=sentence
    )


def known_contents(connection: Connection, beamline: str, directory: Path) -> frozenset[tuple[str, str]]:
    """Return template and content of the sweeps of a folder that have a run already.

    Returns
    -------
    frozenset of (str, str)
        Template ("xtal2_1_#####.cbf") and SHA-256 of the content.
    """
    rows = QUERIES.known_contents(connection, beamline=beamline, directory=str(directory))
    return frozenset(
        (f"{row['prefix']}{'#' * row['digits']}{row['suffix']}", row["content_sha256"]) for row in rows
    )


def request_processing(
    connection: Connection,
    collection: FoundCollection,
    parameters: Parameters,
    dials_version: str,
    *,
    requested_by: str,
    again: bool = False,
) -> tuple[CollectionId, list[RequestId]]:
    """Register a collection and ask for the runs that are not known yet.

    Registering the folder locks its row until the transaction ends, so two askers of the same work come
    one after the other, and the second finds nothing new.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection
        What was found on the disk.
    parameters
        The parameter set of every run.
    dials_version
        The DIALS that will do the work, e.g. "3.12.1".
    requested_by
        A person or "watch".
    again
        Ask for work that is known too.

    Returns
    -------
    tuple
        The collection, and its new requests; none when all of this work is known.
    """
    collection_id = _put_collection(connection, collection)
    new_runs = _new_runs(connection, collection_id, collection, parameters, dials_version, again=again)
    values = Json(parameters.as_json())
    requests = []
    for at in range(0, len(new_runs), SWEEPS_PER_REQUEST):
        chunk = new_runs[at : at + SWEEPS_PER_REQUEST]
        request_id = RequestId(
            QUERIES.put_request(
                connection,
                collection_id=collection_id,
                dag_run_id=f"{collection_key_name(collection)}.{_chunk_digest(chunk)}",
                requested_by=requested_by,
            )
        )
        _add_runs(connection, request_id, chunk, values, dials_version)
        note_event(connection, requested_by, "request", collection_id, f"{len(chunk)} sweeps asked for")
        requests.append(request_id)
    return collection_id, requests


def _new_runs(
    connection: Connection,
    collection_id: CollectionId,
    collection: FoundCollection,
    parameters: Parameters,
    dials_version: str,
    *,
    again: bool,
) -> list[_NewRun]:
    new_runs = []
    for sweep in collection.sweeps:
        sweep_id = _put_sweep(connection, collection_id, sweep)
        key = run_key(parameters, sweep_id, sweep.content_sha256, dials_version)
        repetition = QUERIES.next_repetition(connection, run_key=key)
        if again or repetition == 0:
            new_runs.append(_NewRun(sweep_id, key, repetition))
    return new_runs


def _add_runs(
    connection: Connection, request_id: RequestId, runs: Sequence[_NewRun], parameters: Json, version: str
) -> None:
    for run in runs:
        QUERIES.add_run(
            connection,
            sweep_id=run.sweep_id,
            request_id=request_id,
            run_key=run.key,
            repetition=run.repetition,
            parameters=parameters,
            dials_version=version,
        )


def collection_key_name(collection: FoundCollection) -> str:
    """Name a collection's place in the store: its folder's name and six digits of the folder's path."""
    digest = hashlib.sha256(str(collection.directory).encode()).hexdigest()[:6]
    return f"{safe_name(collection.name)[:64]}-{digest}"


def waiting_requests(connection: Connection, limit: int = 100) -> list[DagRequest]:
    """Return requests that no DAG run has taken up, the oldest first, at most `limit`."""
    rows = QUERIES.waiting_requests(connection, limit=limit)
    return [DagRequest(RequestId(row["request_id"]), row["dag_run_id"]) for row in rows]


def request_by_id(connection: Connection, request_id: RequestId) -> DagRequest:
    """Return a request with the name of its DAG run."""
    row = QUERIES.request_by_id(connection, request_id=request_id)
    return DagRequest(RequestId(row["request_id"]), row["dag_run_id"])


def take_up(connection: Connection, request_id: RequestId) -> list[tuple[RunId, str]]:
    """Mark a request as started and return its runs.

    Returns
    -------
    list of (RunId, str)
        Each run with its sweep's name, in natural order of the name.
    """
    QUERIES.start_request(connection, request_id=request_id)
    rows = QUERIES.runs_of_request(connection, request_id=request_id)
    runs = [(RunId(row["run_id"]), str(row["name"])) for row in rows]
    return sorted(runs, key=lambda run: natural_order(run[1]))


def _put_collection(connection: Connection, collection: FoundCollection) -> CollectionId:
    QUERIES.add_beamline(connection, beamline=collection.beamline)
    cell = collection.sample.unit_cell
    return CollectionId(
        QUERIES.put_collection(
            connection,
            beamline=collection.beamline,
            directory=str(collection.directory),
            name=collection.name,
            key_name=collection_key_name(collection),
            space_group=collection.sample.space_group,
            unit_cell=list(cell.as_tuple()) if cell else None,
        )
    )


def _put_sweep(connection: Connection, collection_id: CollectionId, sweep: FoundSweep) -> SweepId:
    images = sweep.images
    template = {"prefix": images.prefix, "digits": images.digits, "suffix": images.suffix}
    key_name = safe_name(images.name)
    if QUERIES.key_name_taken(connection, collection_id=collection_id, key_name=key_name, **template):
        key_name = safe_name(images.template)
    sweep_id = SweepId(
        QUERIES.put_sweep(
            connection,
            collection_id=collection_id,
            name=images.name,
            key_name=key_name,
            image_first=images.first,
            image_last=images.last,
            missing_images=list(images.missing),
            content_sha256=sweep.content_sha256,
            **template,
        )
    )
    QUERIES.clear_blocks(connection, sweep_id=sweep_id)
    for number, (first, last) in enumerate(images.blocks(), start=1):
        QUERIES.add_block(
            connection, sweep_id=sweep_id, block_number=number, image_first=first, image_last=last
        )
    return sweep_id


def _chunk_digest(chunk: Sequence[_NewRun]) -> str:
    text = "\n".join(f"{run.key} {run.repetition}" for run in chunk)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
