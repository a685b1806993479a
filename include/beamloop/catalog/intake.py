"""Collections, sweeps and requests for processing enter the catalogue, each once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.requests import WantedRun, ask_for_runs
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import CollectionId, RequestId, RunId, SweepId, natural_order, safe_name
from beamloop.records.images import MasterImages
from beamloop.records.parameters import Parameters


@dataclass(frozen=True, slots=True)
class DagRequest:
    """A request and the DAG run that it is."""

    request_id: RequestId
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"


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
        A person or :data:`beamloop.catalog.requests.WATCH`.
    again
        Ask for work that is known too.

    Returns
    -------
    tuple
        The collection, and its new requests; none when all of this work is known.
    """
    collection_id = put_collection(connection, collection)
    wanted = [
        WantedRun(put_sweep(connection, collection_id, sweep), sweep.content_sha256, parameters)
        for sweep in collection.sweeps
    ]
    requests = ask_for_runs(
        connection,
        collection_id,
        collection_key_name(collection),
        wanted,
        dials_version,
        requested_by=requested_by,
        again=again,
    )
    return collection_id, requests


def collection_key_name(collection: FoundCollection) -> str:
    """Name a collection's place in the store: its folder's name and six digits of the folder's path."""
    digest = hashlib.sha256(str(collection.directory).encode()).hexdigest()[:6]
    return f"{safe_name(collection.name)[:64]}-{digest}"


def waiting_requests(connection: Connection, limit: int = 100) -> list[DagRequest]:
    """Return requests that no DAG run has taken up, at most `limit`: arrivals first, then the oldest."""
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


def put_collection(connection: Connection, collection: FoundCollection) -> CollectionId:
    """Register a folder and what is known of its sample; its sweeps are not looked at."""
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


def put_sweep(connection: Connection, collection_id: CollectionId, sweep: FoundSweep) -> SweepId:
    """Register a sweep of a collection as it is now on the disk."""
    images = sweep.images
    template = dict(zip(("prefix", "digits", "suffix"), images.template_parts, strict=True))
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
            kind="master" if isinstance(images, MasterImages) else "numbered",
            data_files=list(images.data_files),
            content_sha256=sweep.content_sha256,
            collected_at=sweep.collected_at(),
            **template,
        )
    )
    QUERIES.clear_blocks(connection, sweep_id=sweep_id)
    for number, (first, last) in enumerate(images.blocks(), start=1):
        QUERIES.add_block(
            connection, sweep_id=sweep_id, block_number=number, image_first=first, image_last=last
        )
    return sweep_id
