"""Everything that waits for a DAG run."""

from dataclasses import dataclass
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.isomorphism_snapshot import due_checks
from beamloop.watch.look import Say
from beamloop.watch.scan import scan


@dataclass(frozen=True, slots=True)
class DagWork:
    """Work, and the DAG run that it is: the same work has the same name, which makes it happen once."""

    dag_id: str  # "process_collection"
    dag_run_id: str  # "plate3-1f0c9a.4be1c2f09a33"
    conf: dict[str, int]  # {"request_id": 17}: the run's parameters


def look_for_work(
    beamlines_directory: Path, catalog: Catalog, dials_version: str, *, say: Say
) -> list[DagWork]:
    """Look at the beamlines' folders once; return all work that no DAG run has taken up.

    That is a run of process_collection per request, and one of check_isomorphism per change of a collection.

    Parameters
    ----------
    beamlines_directory, catalog, dials_version, say
        As for :func:`beamloop.watch.scan.scan`.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer.
    """
    requests = scan(beamlines_directory, catalog, dials_version, say=say)
    with catalog.reading() as connection:
        checks = due_checks(connection)
    return [
        *(DagWork("process_collection", r.dag_run_id, {"request_id": r.request_id}) for r in requests),
        *(DagWork("check_isomorphism", c.dag_run_id, {"collection_id": c.collection_id}) for c in checks),
    ]
