"""Runs whose results DIALS made elsewhere: each content of a sweep is adopted once."""

from collections.abc import Sequence
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.intake import collection_key_name, put_collection, put_sweep
from beamloop.catalog.runs import load_run, start_run
from beamloop.records.adoption import UNKNOWN_VERSION, AdoptedFile, Adoption
from beamloop.records.collection import FoundCollection
from beamloop.records.identifiers import CollectionId, RequestId, RunId
from beamloop.records.parameters import Parameters, run_key
from beamloop.records.run import Run


def open_adoption(
    connection: Connection, collection: FoundCollection, digest: str, adopted_by: str
) -> tuple[CollectionId, RequestId]:
    """Register a folder and an act of adoption; the same act has the same request.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection
        The folder; its sweeps are not looked at.
    digest
        Says which act: 12 hexadecimal digits.
    adopted_by
        The person who adopts.
    """
    collection_id = put_collection(connection, collection)
    dag_run_id = f"{collection_key_name(collection)}.adopt.{digest}"
    request_id = RequestId(
        QUERIES.put_request(
            connection, collection_id=collection_id, dag_run_id=dag_run_id, requested_by=adopted_by
        )
    )
    # No DAG run ever takes it up: its work is done in the transactions that bring its runs.
    QUERIES.start_request(connection, request_id=request_id)
    QUERIES.end_request(connection, request_id=request_id)
    return collection_id, request_id


def begin_adopted_run(
    connection: Connection,
    collection_id: CollectionId,
    request_id: RequestId,
    collection: FoundCollection,
    parameters: Parameters,
) -> tuple[Run, bool]:
    """Register one sweep and a run of it, unless its newest run is of the same content.

    The collection's row stays locked until the transaction ends, so that two who adopt the same come one
    after the other, and the second finds nothing new.

    Parameters
    ----------
    connection
        Inside the transaction that brings the run's results, too.
    collection_id, request_id
        Of :func:`open_adoption`.
    collection
        The folder with this one sweep.
    parameters
        What is known of how it was processed.

    Returns
    -------
    tuple
        The run, and whether it is a new one.
    """
    QUERIES.lock_collection(connection, collection_id=collection_id)
    (sweep,) = collection.sweeps
    sweep_id = put_sweep(connection, collection_id, sweep)
    key = run_key(parameters, sweep_id, sweep.content_sha256, UNKNOWN_VERSION)
    newest = QUERIES.newest_run_of_sweep(connection, sweep_id=sweep_id)
    if newest and newest["run_key"] == key:
        return load_run(connection, RunId(newest["run_id"])), False
    run_id = RunId(
        QUERIES.add_run(
            connection,
            sweep_id=sweep_id,
            request_id=request_id,
            run_key=key,
            repetition=QUERIES.next_repetition(connection, run_key=key),
            parameters=Json(parameters.as_json()),
            dials_version=UNKNOWN_VERSION,
            geometry_id=None,
        )
    )
    start_run(connection, run_id)
    return load_run(connection, run_id), True


def record_adoption(
    connection: Connection,
    run_id: RunId,
    adopted_by: str,
    directory: Path,
    template: str,
    files: Sequence[AdoptedFile],
) -> None:
    """Say where a run comes from.

    Parameters
    ----------
    connection
        Inside a transaction.
    run_id
        The run.
    adopted_by
        The person who adopts.
    directory
        The adopted folder.
    template
        The images' template as DIALS knew it, or "".
    files
        What was adopted.
    """
    QUERIES.add_adoption(
        connection, run_id=run_id, adopted_by=adopted_by, directory=str(directory), template=template
    )
    for file in files:
        QUERIES.add_adopted_file(
            connection, run_id=run_id, path=str(file.path), sha256=file.sha256, size_bytes=file.size_bytes
        )


def adoption_of_run(connection: Connection, run_id: RunId) -> Adoption | None:
    """Return where a run comes from, None for one of our own."""
    row = QUERIES.adoption_of_run(connection, run_id=run_id)
    if row is None:
        return None
    files = [
        AdoptedFile(Path(file["path"]), file["sha256"], file["size_bytes"])
        for file in QUERIES.adopted_files_of_run(connection, run_id=run_id)
    ]
    return Adoption(
        adopted_by=row["adopted_by"],
        adopted_at=row["adopted_at"],
        directory=Path(row["directory"]),
        template=row["template"],
        files=tuple(files),
    )
