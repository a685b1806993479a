"""What a run left, fetched from the store with its hashes, wherever it was processed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beamloop.catalog.runs import artifacts_of_step
from beamloop.errors import ArtifactDamagedError, ArtifactMissingError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import RunId
from beamloop.services import Services
from beamloop.steps.fetched_folder import fetch_folder

# The static models of refinement first; those of a full integration may vary over the scan. Results that
# DIALS made elsewhere may have one of the three only.
STEMS = {"refine": "refined", "integrate": "integrated", "index": "indexed"}


@dataclass(frozen=True, slots=True)
class RunInput:
    """A run's last models and reflections, fetched from the store."""

    run_id: RunId  # 17
    step: str  # "refine": the step that left them
    stem: str  # "refined": their name
    folder: Path  # where they are
    fault: str = ""  # why they are not there

    @property
    def experiments(self) -> Path:
        """The models."""
        return self.folder / f"{self.stem}.expt"

    @property
    def reflections(self) -> Path:
        """The reflections."""
        return self.folder / f"{self.stem}.refl"


def fetch_models(services: Services, directory: Path, run_id: RunId) -> RunInput:
    """Bring a run's last models and reflections into a folder below a directory; say what is wrong with them.

    Raises
    ------
    TransientError
        When store or database are away.
    """
    step, artifacts = _last_models(services, run_id)
    if not artifacts:
        return RunInput(run_id, "", "", directory, "the store has no models and reflections of it")
    folder = directory / f"input-{run_id}-{step}"
    if not folder.exists():
        try:
            fetch_folder(services.store, artifacts, folder)
        except (ArtifactDamagedError, ArtifactMissingError) as error:
            return RunInput(run_id, step, STEMS[step], folder, error.what)
    return RunInput(run_id, step, STEMS[step], folder)


def _last_models(services: Services, run_id: RunId) -> tuple[str, Mapping[str, StoredObject]]:
    with services.catalog.transaction() as connection:
        for step, stem in STEMS.items():
            names = (f"{stem}.expt", f"{stem}.refl")
            artifacts = artifacts_of_step(connection, run_id, step)
            if all(name in artifacts for name in names):
                return step, {name: artifacts[name] for name in names}
    return "", {}
