"""Do one merge, exactly once, whatever is killed when."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from beamloop.catalog.merging import end_merge, load_merge, note_merge_trouble
from beamloop.catalog.runs import artifacts_of_step
from beamloop.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    BeamloopError,
    PermanentError,
    TransientError,
)
from beamloop.merging.ask import INTEGRATED
from beamloop.merging.perform import MergeWork, Pair, perform
from beamloop.records.identifiers import RunId
from beamloop.records.merging import MERGE_STEP, Merge, MergeId, MergeReport, MergeState
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, settle, step_lock
from beamloop.storage.step_files import fetch_step_files, put_step_file

log = logging.getLogger(__name__)

REPORT_NAME = "step.json"
_ADAPTER = TypeAdapter(MergeReport)


def run_merge(services: Services, merge_id: MergeId) -> Merge:
    """Do a merge, or take up what is left of it, or find that it has ended.

    Parameters
    ----------
    services
        Catalogue, store, DIALS, and where to work.
    merge_id
        The merge.

    Returns
    -------
    Merge
        As it is afterwards.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the merge keeps the words.
    PermanentError
        When a person is needed.
    """
    with services.catalog.transaction() as connection:
        merge = load_merge(connection, merge_id)
    if merge.state is not MergeState.WAITING:
        return merge
    with _trouble_noted(services, merge):
        _do(services, merge)
    with services.catalog.transaction() as connection:
        return load_merge(connection, merge_id)


def _do(services: Services, merge: Merge) -> None:
    directory = services.run_root / merge.place
    folder = directory / MERGE_STEP
    with step_lock(directory, MERGE_STEP):
        if not folder.exists():
            pairs = tuple(_fetch(services, directory, member.run_id) for member in merge.taken)
            staging = fresh_staging(directory, MERGE_STEP)
            report = perform(MergeWork(services.dials, staging, pairs, merge.options))
            _write_report(staging, report)
            settle(staging, folder)
        report = _read_report(folder)
        stored = [
            put_step_file(services.store, f"{merge.place}/{name}", folder / name)
            for name in report.artifact_names
        ]
        with services.catalog.transaction() as connection:
            end_merge(connection, merge.merge_id, report, stored)
    log.info("%s: %s", merge.name, report.sentence)


def _fetch(services: Services, directory: Path, run_id: RunId) -> Pair:
    """Bring a run's integrated reflections here, wherever they were made."""
    name = f"input-{run_id}"
    folder = directory / name
    if not folder.exists():
        with services.catalog.transaction() as connection:
            artifacts = artifacts_of_step(connection, run_id, "integrate")
        staging = fresh_staging(directory, name)
        fetch_step_files(services.store, {file: artifacts[file] for file in INTEGRATED}, staging)
        settle(staging, folder)
    return folder / INTEGRATED[0], folder / INTEGRATED[1]


def _write_report(staging: Path, report: MergeReport) -> None:
    names = {path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file()}
    whole = replace(report, artifact_names=tuple(sorted(names | {REPORT_NAME})))
    (staging / REPORT_NAME).write_bytes(_ADAPTER.dump_json(whole, indent=1))


def _read_report(folder: Path) -> MergeReport:
    path = folder / REPORT_NAME
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise PermanentError(
            f"The report of the merge in {folder} cannot be read.",
            evidence=str(path),
            try_next="Remove this folder; the merge is then done again.",
        ) from error


@contextmanager
def _trouble_noted(services: Services, merge: Merge) -> Iterator[None]:
    """Translate the system's errors, keep the words of every error, and end what cannot go on."""
    try:
        with disk_trouble_named(services.run_root):
            yield
    except TransientError as error:
        with suppress(BeamloopError), services.catalog.transaction() as connection:
            note_merge_trouble(connection, merge.merge_id, str(error))
        raise
    except (ArtifactDamagedError, ArtifactMissingError) as error:
        outcome = Outcome(OutcomeCode.ARTIFACT_DAMAGED, error.what, MERGE_STEP)
        with services.catalog.transaction() as connection:
            end_merge(connection, merge.merge_id, MergeReport(error.what, (), outcome=outcome), [])
        raise
