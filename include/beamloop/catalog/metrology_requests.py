"""What a metrology may use, and asking for one: the same work once."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from beamloop.catalog.connection import QUERIES
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId, RunId, SweepId
from beamloop.records.metrology import MetrologyId, MetrologyOptions, MetrologySweep, metrology_key


@dataclass(frozen=True, slots=True)
class OfferedSweep:
    """A processed sweep that a metrology may use."""

    beamline: str  # "i24"
    serving: GeometryId | None  # the geometry that serves its data; None: the header's
    sweep: MetrologySweep


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
    """Return the metrologies that have not ended, the oldest first.

    Of the chosen ones only, where given; then those too on whose candidate nobody has decided yet.
    """
    rows = QUERIES.waiting_metrologies(connection, metrology_ids=None if chosen is None else list(chosen))
    return [MetrologyId(row["metrology_id"]) for row in rows]
