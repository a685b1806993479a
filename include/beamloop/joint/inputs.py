"""The members' runs, and what they left."""

from pathlib import Path

from beamloop.catalog.runs import load_run
from beamloop.records.identifiers import RunId
from beamloop.records.joint import Joint
from beamloop.records.run import Run
from beamloop.run_files import RunInput, fetch_models
from beamloop.services import Services


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
    return tuple(fetch_models(services, directory, run_id) for run_id in _run_ids(joint))


def _run_ids(joint: Joint) -> list[RunId]:
    return list(dict.fromkeys(member.run_id for member in joint.members))
