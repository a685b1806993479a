"""The demo's calibration of a detector: metrology, and the promotion of what came of it."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometry_by_id
from beamloop.catalog.metrology_results import MetrologyResult, newest_metrologies
from beamloop.cli.metrology_requests import ask_and_start, follow_metrologies, results_of
from beamloop.cli.session import load_settings
from beamloop.errors import PermanentError
from beamloop.geometry.gate import faults
from beamloop.geometry.models import Document, read_models
from beamloop.geometry.registry import SERVING, in_force, promote
from beamloop.local_stack.narration import Narration
from beamloop.metrology.ask import options_for
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryState, GeometryVersion
from beamloop.records.identifiers import CollectionId
from beamloop.storage.opening import open_store

BEAMLINE = "demo_loop"
RULES = GeometryRules()
BY, WHY = "the demo", "simulated approval: the gate's figures on held-out data are met"


def calibrate(
    catalog: Catalog, console: Console, narration: Narration, folder: Path, collection_id: CollectionId
) -> MetrologyResult:
    """Calibrate the detector from a collection, as the night would; known work is shown only.

    Parameters
    ----------
    catalog
        The catalogue.
    console, narration
        Where progress is told.
    folder, collection_id
        The processed collection.

    Raises
    ------
    PermanentError
        When no sweep of the collection can be used.
    """
    asked = ask_and_start(
        catalog, lambda _: options_for(RULES), beamline=BEAMLINE, collection_id=collection_id
    )
    if not asked:
        with catalog.transaction() as connection:
            known = newest_metrologies(connection, BEAMLINE)
        asked = [one.metrology_id for one in known if one.sweeps[0].collection == folder.name][:1]
    if not asked:
        raise PermanentError(
            f"No sweep of {folder.name} can calibrate the detector.",
            try_next=f"`beamloop show {folder}` says how they ended.",
        )
    narration.note("Calibrating the detector: levels 0 and 1, evidence on held-out data")
    follow_metrologies(catalog, asked, console)
    return results_of(catalog, asked)[0]


def let_serve(catalog: Catalog, narration: Narration, result: MetrologyResult) -> GeometryVersion | None:
    """Promote the candidate for the data from now on; return what serves them, None: the headers' geometry.

    A detector that was calibrated with another seed's data need not become better once more.
    """
    now, number = datetime.now(UTC), result.metrology.geometry_id
    if number is None:
        return in_force(catalog, BEAMLINE, now)
    with catalog.transaction() as connection:
        version = geometry_by_id(connection, number)
    if version.state in SERVING:
        narration.note(f"Geometry {number} is {version.state.value} already.")
        return version
    short = faults(version, RULES.gate())
    if version.state is not GeometryState.CANDIDATE or short:
        narration.note(f"Geometry {number} does not serve, it is {version.state.value}. {' '.join(short)}")
        return in_force(catalog, BEAMLINE, now)
    narration.note(
        f"The demo lets geometry {number} serve, as `beamloop geometry promote {number} --why ...` does "
        "or an answer in Airflow: data from now on are imported with it."
    )
    return promote(catalog, number, lambda _: RULES.gate(), since=now, by=BY, why=WHY, only_candidate=True)


def fetch_models(stored: StoredObject) -> Document:
    """Return a version's models from the store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.expt"
        open_store(load_settings().store).fetch(stored.key, path, sha256=stored.sha256)
        return read_models(path)
