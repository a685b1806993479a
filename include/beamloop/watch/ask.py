"""Ask for the processing of sweeps that are complete."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline
from beamloop.catalog.connection import Connection
from beamloop.catalog.events import note_event
from beamloop.catalog.intake import known_contents, request_processing
from beamloop.catalog.requests import WATCH
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.watch.known_sample import know_sample, note_sidecar

log = logging.getLogger(__name__)


def ask_for(
    connection: Connection,
    beamline: Beamline,
    directory: Path,
    complete: Sequence[FoundSweep],
    strangers: Sequence[str],
    dials_version: str,
) -> None:
    """Ask for the sweeps of one folder that have no run yet, all in one request.

    Parameters
    ----------
    connection
        Inside a transaction.
    beamline
        Whose rules apply.
    directory
        The folder.
    complete
        Its sweeps that are complete.
    strangers
        Files that look like images but belong to no sweep; told with the request.
    dials_version
        The DIALS that will do the work, e.g. "3.12.1".
    """
    known = known_contents(connection, beamline.beamline, directory)
    new = tuple(s for s in complete if (s.images.template, s.content_sha256) not in known)
    if not new:
        return
    parameters = beamline.parameters_for(directory.name)
    sample = know_sample(connection, directory, parameters.sample)
    parameters = replace(parameters, sample=sample.sample)
    collection = FoundCollection(beamline.beamline, directory, new, parameters.sample)
    collection_id, requests = request_processing(
        connection, collection, parameters, dials_version, requested_by=WATCH
    )
    note_sidecar(connection, collection_id, sample)
    for name in strangers:
        note_event(connection, WATCH, "stranger", collection_id, f"No image of a sweep: {name!a}")
    log.info("%s: %d sweeps are complete, %d requests", directory, len(new), len(requests))
