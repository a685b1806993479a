"""Look at every beamline's folders and ask for what is complete and not known yet."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline, read_beamlines
from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.intake import DagRequest, known_contents, request_processing, waiting_requests
from beamloop.errors import InvalidInputError
from beamloop.records.collection import FoundCollection
from beamloop.watch.find_sweeps import FolderContent, read_folder

log = logging.getLogger(__name__)


def scan(beamlines_directory: Path, catalog: Catalog, dials_version: str) -> list[DagRequest]:
    """Register what has become complete; return every request that no DAG run has taken up.

    A request that an earlier scan registered and nobody started (the machine stopped in between) comes
    back too: the level counts, not the event.

    Parameters
    ----------
    beamlines_directory
        Folder of the beamlines' YAML files. A bad file is logged and does not stop the others.
    catalog
        Where requests are kept.
    dials_version
        The DIALS that will do the work.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    beamlines, faults = read_beamlines(beamlines_directory)
    for fault in faults:
        log.error("%s", fault)
    for beamline in beamlines:
        for directory in _folders(beamline):
            try:
                _look_at(beamline, directory, catalog, dials_version)
            except InvalidInputError as error:
                log.warning("%s", error)
    with catalog.transaction() as connection:
        return waiting_requests(connection)


def _folders(beamline: Beamline) -> Iterator[Path]:
    """Yield the folders below the roots; links to elsewhere are not followed."""
    for root in beamline.roots:
        if not root.is_dir():
            log.warning("Beamline %s: the root %s is not there.", beamline.beamline, root)
        for place, _, _ in os.walk(root, followlinks=False):
            yield Path(place)


def _look_at(beamline: Beamline, directory: Path, catalog: Catalog, dials_version: str) -> None:
    content = read_folder(directory, beamline.patterns)
    if not content.sweeps or not _is_quiet(content, beamline.quiet_s):
        return
    with catalog.transaction() as connection:
        known = known_contents(connection, beamline.beamline, directory)
        new = tuple(s for s in content.sweeps if (s.images.template, s.content_sha256) not in known)
        if not new:
            return
        parameters = beamline.parameters_for(directory.name)
        collection = FoundCollection(beamline.beamline, directory, new, parameters.sample)
        collection_id, requests = request_processing(
            connection, collection, parameters, dials_version, requested_by="watch"
        )
        for name in content.strangers:
            note_event(connection, "watch", "stranger", collection_id, f"No image of a sweep: {name!a}")
    log.info("%s: %d sweeps are complete, %d requests", directory, len(new), len(requests))


def _is_quiet(content: FolderContent, quiet_s: float) -> bool:
    return time.time() - content.newest_change_s >= quiet_s
