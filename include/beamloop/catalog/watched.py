"""What the watcher saw, kept from look to look."""

from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json
from pydantic import TypeAdapter

from beamloop.catalog.connection import QUERIES
from beamloop.records.identifiers import CollectionId
from beamloop.records.watched import FolderState, SeenFolder, SeenSweep

SWEEPS = TypeAdapter(tuple[SeenSweep, ...])


@dataclass(frozen=True, slots=True)
class GoneFolder:
    """A folder with sweeps that is no longer there."""

    directory: Path
    sweep_count: int


def clock_s(connection: Connection) -> float:
    """Return the time by the database's clock: the same for a watcher on any machine.

    Returns
    -------
    float
        Seconds since 1970.
    """
    return float(QUERIES.clock_s(connection))


def folder_states(connection: Connection, beamline: str) -> dict[Path, FolderState]:
    """Return what is known of each folder of a beamline, without its sweeps."""
    rows = QUERIES.watched_folders(connection, beamline=beamline)
    return {
        Path(row["directory"]): FolderState(
            directory=Path(row["directory"]),
            mtime_ns=row["mtime_ns"],
            patterns=tuple(row["patterns"]),
            read_s=row["read_s"],
            settled=row["settled"],
            subfolders=tuple(row["subfolders"]),
        )
        for row in rows
    }


def lock_folder(connection: Connection, beamline: str, directory: Path) -> None:
    """Wait until no other look is at this folder, and keep others from it until the transaction ends."""
    QUERIES.lock_watched_folder(connection, beamline=beamline, directory=str(directory))


def seen_folder(connection: Connection, beamline: str, directory: Path) -> SeenFolder | None:
    """Return all that was seen in a folder, None the first time."""
    row = QUERIES.watched_folder(connection, beamline=beamline, directory=str(directory))
    if row is None:
        return None
    lists = {name: tuple(row[name]) for name in ("patterns", "subfolders", "twins_said")}
    return SeenFolder(directory, **row | lists | {"sweeps": SWEEPS.validate_python(row["sweeps"])})


def put_seen_folder(connection: Connection, beamline: str, folder: SeenFolder) -> None:
    """Keep what was seen in a folder."""
    QUERIES.put_watched_folder(
        connection,
        beamline=beamline,
        directory=str(folder.directory),
        mtime_ns=folder.mtime_ns,
        patterns=list(folder.patterns),
        first_seen_s=folder.first_seen_s,
        changed_seen_s=folder.changed_seen_s,
        read_s=folder.read_s,
        settled=folder.settled,
        emptiness_said=folder.emptiness_said,
        subfolders=list(folder.subfolders),
        twins_said=list(folder.twins_said),
        sweeps=Json(SWEEPS.dump_python(folder.sweeps, mode="json")),
    )


def forget_folder(connection: Connection, beamline: str, directory: Path) -> list[GoneFolder]:
    """Forget a folder and all below it; return those that held sweeps."""
    rows = QUERIES.forget_watched_folder(
        connection, beamline=beamline, directory=str(directory), below=f"{directory}/"
    )
    return [GoneFolder(Path(row["directory"]), row["sweep_count"]) for row in rows]


def collection_at(connection: Connection, beamline: str, directory: Path) -> CollectionId | None:
    """Return the collection of a folder, None where nothing in it was asked for yet."""
    found = QUERIES.collection_at(connection, beamline=beamline, directory=str(directory))
    return None if found is None else CollectionId(found)
