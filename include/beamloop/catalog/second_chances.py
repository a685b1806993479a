"""Second chances: who may get one, and that each run gets one at most."""

from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.geometry import geometry_key, geometry_of_sweep
from beamloop.records.identifiers import CollectionId, RequestId, RunId, SweepId, natural_order
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import Parameters, run_key


@dataclass(frozen=True, slots=True)
class SiblingSweep:
    """A sweep by the run that stands for it."""

    sweep_id: SweepId  # 12
    sweep: str  # "xtal2_1"
    content_sha256: str
    run_id: RunId  # 17
    parameters: Parameters
    dials_version: str  # "3.12.1"
    code: OutcomeCode
    ended_lately: bool  # within a day
    had_second_chance: bool  # or is one
    space_group: str | None  # "H 3", refined; None without a crystal, as the next ones
    cell: tuple[float, ...] | None  # a, b, c in angstrom, alpha, beta, gamma in degrees
    distance_mm: float | None  # 239.7
    beam_x_mm: float | None  # 84.6, where the beam meets the panel, from its origin along fast
    beam_y_mm: float | None  # 89.9, along slow


def lock_siblings(connection: Connection, collection_id: CollectionId) -> list[SiblingSweep]:
    """Return a collection's sweeps whose runs have ended; nobody else gives second chances meanwhile.

    Parameters
    ----------
    connection
        Inside a transaction, which holds the collection's lock to its end.
    collection_id
        The collection.
    """
    QUERIES.lock_collection(connection, collection_id=collection_id)
    rows = QUERIES.sibling_sweeps(connection, collection_id=collection_id)
    return [
        SiblingSweep(
            **row
            | {
                "parameters": Parameters.from_json(row["parameters"]),
                "code": OutcomeCode(row["code"]),
                "cell": tuple(row["cell"]) if row["cell"] else None,
            }
        )
        for row in rows
    ]


def give_second_chance(
    connection: Connection, request_id: RequestId, sweep: SiblingSweep, parameters: Parameters
) -> RunId | None:
    """Add a run to a request; None where the sweep's run has had its second chance.

    Parameters
    ----------
    connection
        Inside a transaction.
    request_id
        The request that will do the run.
    sweep
        Who gets it.
    parameters
        How it is processed this time.
    """
    geometry_id = geometry_of_sweep(connection, sweep.sweep_id)
    geometry = geometry_key(geometry_id)
    run_id = QUERIES.add_second_chance(
        connection,
        sweep_id=sweep.sweep_id,
        request_id=request_id,
        run_key=run_key(parameters, sweep.sweep_id, sweep.content_sha256, sweep.dials_version, geometry),
        geometry_id=geometry_id,
        parameters=Json(parameters.as_json()),
        dials_version=sweep.dials_version,
        second_chance_of=sweep.run_id,
        stands=sweep.code is not OutcomeCode.PROCESSED,
    )
    return RunId(run_id) if run_id is not None else None


def second_chances(connection: Connection, request_id: RequestId) -> list[tuple[RunId, str]]:
    """Return the second chances of a request with their sweeps' names, in natural order of the name."""
    rows = QUERIES.second_chances_of_request(connection, request_id=request_id)
    runs = [(RunId(row["run_id"]), str(row["name"])) for row in rows]
    return sorted(runs, key=lambda run: natural_order(run[1]))
