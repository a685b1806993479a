"""Published files, whosever they are: recorded under their names, found by them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import Row
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.step import WorkReport


def add_artifacts(
    query: Callable[..., Any],
    connection: Connection,
    report: WorkReport,
    artifacts: Sequence[StoredObject],
    **owner: object,
) -> None:
    """Record where the files are that a report names.

    Parameters
    ----------
    query
        Such as `add_joint_artifact`.
    connection
        Inside a transaction.
    report
        Names the files.
    artifacts
        Where they are in the store, in the order of the names.
    owner
        Whose they are: `joint_id=3, step="refine"`.
    """
    for name, stored in zip(report.artifact_names, artifacts, strict=True):
        query(
            connection,
            **owner,
            name=name,
            key=stored.key,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
        )


def stored_object(row: Row) -> StoredObject:
    """Return where a file is in the store, of a row that holds key, sha256 and size_bytes."""
    return StoredObject(row["key"], row["sha256"], row["size_bytes"])


def stored_by_name(rows: Iterable[Row]) -> dict[str, StoredObject]:
    """Return where files are in the store, by name."""
    return {row["name"]: stored_object(row) for row in rows}


def known_file(row: Row | None, artifact_id: int) -> tuple[str, StoredObject]:
    """Return the name of a file and where it is in the store.

    Raises
    ------
    NotFoundError
        When its row is not there.
    """
    if row is None:
        raise NotFoundError(
            f"There is no file with the number {artifact_id}.",
            try_next="Load the page again: it names the files that there are.",
        )
    return row["name"], stored_object(row)
