"""What a stage needs of the world."""

from dataclasses import dataclass
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.dials_cli.handle import Dials
from beamloop.storage.contract import ArtifactStore


@dataclass(frozen=True, slots=True)
class Services:
    """Catalogue, store, DIALS, and where to work."""

    catalog: Catalog
    store: ArtifactStore
    dials: Dials
    run_root: Path  # Path("/srv/beamloop/runs")
