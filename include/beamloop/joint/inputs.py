"""Fetch what the members' runs left: from the store, with its hashes, wherever they were processed."""

from collections.abc import Mapping
from pathlib import Path

from beamloop.catalog.runs import artifacts_of_step, load_run
from beamloop.errors import ArtifactDamagedError, ArtifactMissingError
from beamloop.joint.work import RunInput
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import RunId
from beamloop.records.joint import Joint
from beamloop.records.run import Run
from beamloop.services import Services
from beamloop.step_folders.folders import fresh_staging, settle
from beamloop.storage.step_files import fetch_step_files

# The static models of refinement first; those of a full integration may vary over the scan. Results that
# DIALS made elsewhere may have one of the three only.
STEMS = {"refine": "refined", "integrate": "integrated", "index": "indexed"}


def load_runs(services: Services, joint: Joint) -> dict[RunId, Run]:
    """Return the members' runs, in the members' order."""
    with services.catalog.transaction() as connection:
        return {run_id: load_run(connection, run_id) for run_id in _run_ids(joint)}


def fetch_inputs(services: Services, joint: Joint, directory: Path) -> tuple[RunInput, ...]:
    """Bring the models and reflections of every run here; a run whose files are damaged is named.

    Raises
    ------
    TransientError
        When store or database are away.
    """
    return tuple(_fetch(services, directory, run_id) for run_id in _run_ids(joint))


def _run_ids(joint: Joint) -> list[RunId]:
    return list(dict.fromkeys(member.run_id for member in joint.members))


def _fetch(services: Services, directory: Path, run_id: RunId) -> RunInput:
    step, artifacts = _last_models(services, run_id)
    if not artifacts:
        return RunInput(run_id, "", "", directory, "the store has no models and reflections of it")
    name = f"input-{run_id}-{step}"
    folder = directory / name
    if not folder.exists():
        staging = fresh_staging(directory, name)
        try:
            fetch_step_files(services.store, artifacts, staging)
        except (ArtifactDamagedError, ArtifactMissingError) as error:
            return RunInput(run_id, step, STEMS[step], folder, error.what)
        settle(staging, folder)
    return RunInput(run_id, step, STEMS[step], folder)


def _last_models(services: Services, run_id: RunId) -> tuple[str, Mapping[str, StoredObject]]:
    with services.catalog.transaction() as connection:
        for step, stem in STEMS.items():
            names = (f"{stem}.expt", f"{stem}.refl")
            artifacts = artifacts_of_step(connection, run_id, step)
            if all(name in artifacts for name in names):
                return step, {name: artifacts[name] for name in names}
    return "", {}
