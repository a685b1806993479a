"""Look at one folder and keep what was seen, in one transaction."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.events import note_event
from beamloop.catalog.requests import WATCH
from beamloop.catalog.watched import (
    collection_at,
    forget_folder,
    lock_folder,
    put_seen_folder,
    seen_folder,
)
from beamloop.errors import InvalidInputError
from beamloop.records.watched import SeenFolder
from beamloop.watch.ask import ask_for
from beamloop.watch.compare import Said, compare
from beamloop.watch.find_sweeps import FolderContent, read_folder

# PostgreSQL's index entries end at 2704 bytes; a longer path would stop every other folder's look.
LONGEST_PATH_BYTES = 2000

Say = Callable[[str], None]  # tells a person, in whose log the look is written, what stands in its way


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the folders of one beamline."""

    beamline: Beamline
    catalog: Catalog
    dials_version: str  # "3.12.1"
    now_s: float  # the catalogue's clock, seconds since 1970
    say: Say


def look_at(look: Look, directory: Path) -> tuple[str, ...]:
    """Read a folder, ask for what has become complete, say what has changed.

    Parameters
    ----------
    look
        The look that this is part of.
    directory
        The folder; what lies deeper is not looked at.

    Returns
    -------
    tuple of str
        The names of its subfolders.

    Raises
    ------
    InvalidInputError
        When the folder cannot be read; what was seen of it stands.
    """
    beamline = look.beamline
    _refuse_long_path(directory)
    with look.catalog.transaction() as connection:
        # Before the folder is read: what a slower look read earlier would seem to be gone or late.
        lock_folder(connection, beamline.beamline, directory)
        before = seen_folder(connection, beamline.beamline, directory)
        content = read_folder(directory, beamline.patterns, before.sweeps if before else ())
        if before and directory in beamline.roots and _is_empty(content) and not _is_empty(before):
            look.say(f"The root {directory} is empty all at once: is it mounted? What was seen stands.")
            return ()
        found = compare(before, content, directory, beamline, look.now_s)
        ask_for(connection, beamline, directory, found.complete, content.strangers, look.dials_version)
        _note(connection, look, directory, found.said)
        for name in set(before.subfolders if before else ()) - set(content.subfolders):
            _forget(connection, look, directory / name)
        put_seen_folder(connection, beamline.beamline, found.after)
    return content.subfolders


def _refuse_long_path(directory: Path) -> None:
    if len(os.fsencode(directory)) > LONGEST_PATH_BYTES:
        raise InvalidInputError(
            f"The path of the folder {directory.name!r} is longer than {LONGEST_PATH_BYTES} bytes.",
            evidence=str(directory)[:200],
            try_next="Move it nearer to the beamline's root.",
        )


def _is_empty(folder: FolderContent | SeenFolder) -> bool:
    return not folder.sweeps and not folder.subfolders


def _note(connection: Connection, look: Look, directory: Path, said: Iterable[Said]) -> None:
    for kind, sentence in said:
        collection_id = collection_at(connection, look.beamline.beamline, directory)
        note_event(connection, WATCH, kind, collection_id, sentence)


def _forget(connection: Connection, look: Look, directory: Path) -> None:
    for gone in forget_folder(connection, look.beamline.beamline, directory):
        words = f"{gone.directory}: the folder is gone, with {gone.sweep_count} sweeps."
        _note(connection, look, gone.directory, [("folder_gone", words)])
