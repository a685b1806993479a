"""Look often while something is arriving, and once where nothing is."""

import time
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import DagRequest
from beamloop.catalog.watched import awaits_sweeps, clock_s
from beamloop.watch.scan import scan

LOOK_AGAIN_AFTER_S = 2.0
# Shorter than the 20 s from one run of watch_collections to the next, so that runs do not queue.
LOOK_NO_LONGER_S = 15.0


def look_while_arriving(beamlines_directory: Path, catalog: Catalog, dials_version: str) -> list[DagRequest]:
    """Look at every beamline's folders, again and again while a sweep in them is not complete.

    The looks end with the first request, because it has to be started. Whatever ends them too early, the
    next call goes on from the catalogue.

    Parameters
    ----------
    beamlines_directory, catalog, dials_version
        As for :func:`beamloop.watch.scan.scan`.

    Returns
    -------
    list of DagRequest
        Every request that no DAG run has taken up.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    end_s = time.monotonic() + LOOK_NO_LONGER_S
    while True:
        with catalog.transaction() as connection:
            now_s = clock_s(connection)
        requests = scan(beamlines_directory, catalog, dials_version, now_s=now_s)
        with catalog.transaction() as connection:
            arriving = awaits_sweeps(connection, now_s)
        if requests or not arriving or time.monotonic() + LOOK_AGAIN_AFTER_S > end_s:
            return requests
        time.sleep(LOOK_AGAIN_AFTER_S)
