"""Look at every beamline's folders and ask for what is complete and not known yet."""

import logging
from collections.abc import Mapping
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline, read_beamlines
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import DagRequest, waiting_requests
from beamloop.catalog.watched import clock_s, folder_states
from beamloop.errors import InvalidInputError
from beamloop.records.watched import FolderState
from beamloop.watch.look import Look, Say, look_at

log = logging.getLogger(__name__)

# A file written over in place leaves its folder's mtime alone: once an hour each folder is read all the same,
# a few in each look.
READ_AGAIN_AFTER_S = 3600.0
READ_AGAIN_AT_ONCE = 5


def scan(
    beamlines_directory: Path,
    catalog: Catalog,
    dials_version: str,
    *,
    now_s: float | None = None,
    say: Say = log.warning,
) -> list[DagRequest]:
    """Register what has become complete; return every request that no DAG run has taken up.

    A request that an earlier scan registered and nobody started (the machine stopped in between) comes
    back too: the level counts, not the event.

    Parameters
    ----------
    beamlines_directory
        Folder of the beamlines' YAML files. A bad file is told and does not stop the others.
    catalog
        Where requests, and what was seen, are kept.
    dials_version
        The DIALS that will do the work.
    now_s
        Seconds since 1970 by the catalogue's clock; None asks it.
    say
        Tells a person what stands in the way.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    beamlines, faults = read_beamlines(beamlines_directory)
    for fault in faults:
        say(str(fault))
    if now_s is None:
        with catalog.reading() as connection:
            now_s = clock_s(connection)
    for beamline in beamlines:
        _look_around(Look(beamline, catalog, dials_version, now_s, say))
    with catalog.reading() as connection:
        return waiting_requests(connection)


def _look_around(look: Look) -> None:
    """Look at the folders below a beamline's roots; links to elsewhere are not followed."""
    with look.catalog.reading() as connection:
        states = folder_states(connection, look.beamline.beamline)
    due = _due_again(states, look.now_s)
    ahead, met = list(look.beamline.roots), set()
    while ahead:
        directory = ahead.pop()
        if directory in met:
            continue
        met.add(directory)
        try:
            state = states.get(directory)
            if state and directory not in due and _is_unchanged(state, look.beamline):
                subfolders = state.subfolders
            else:
                subfolders = look_at(look, directory)
            ahead += [directory / name for name in subfolders]
        except InvalidInputError as error:
            look.say(f"Beamline {look.beamline.beamline}: {error}")


def _due_again(states: Mapping[Path, FolderState], now_s: float) -> set[Path]:
    old = [state for state in states.values() if now_s - state.read_s >= READ_AGAIN_AFTER_S]
    old.sort(key=lambda state: state.read_s)
    return {state.directory for state in old[:READ_AGAIN_AT_ONCE]}


def _is_unchanged(state: FolderState, beamline: Beamline) -> bool:
    if not state.settled or state.patterns != tuple(beamline.patterns):
        return False
    try:
        return state.directory.stat().st_mtime_ns == state.mtime_ns
    except OSError:
        return False  # reading it says why
