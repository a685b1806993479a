"""What has worked lately: the ladder's own past, read back."""

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import RunId
from beamloop.records.rung_record import RungRecord

# Two or three plates: enough tries of each rung to tell 10 % from 50 %, few enough to forget an old set-up.
SWEEPS_LOOKED_BACK = 200


def rung_records(
    connection: Connection, run_id: RunId, sweeps: int = SWEEPS_LOOKED_BACK
) -> tuple[RungRecord, ...]:
    """Return what each way to index has done on a run's beamline.

    Parameters
    ----------
    connection
        Inside a transaction.
    run_id
        A run of that beamline.
    sweeps
        How many of the last runs that came to indexing count.
    """
    rows = QUERIES.rung_records(connection, run_id=run_id, sweeps=sweeps)
    return tuple(RungRecord(**row) for row in rows)
