"""Do one merge, exactly once, whatever is killed when."""

import logging
from pathlib import Path

from beamloop.catalog.merging import end_merge, fail_merge, load_merge, note_merge_trouble
from beamloop.catalog.runs import artifacts_of_step
from beamloop.merging.ask import INTEGRATED
from beamloop.merging.perform import MergeWork, Pair, perform
from beamloop.records.identifiers import RunId
from beamloop.records.merging import MERGE_STEP, Merge, MergeId, MergeReport, MergeState
from beamloop.services import Services
from beamloop.steps.fetched_folder import fetch_folder
from beamloop.steps.once import do_once
from beamloop.steps.report_file import ReportFile
from beamloop.steps.stage import Stage, Step

log = logging.getLogger(__name__)

STAGE = Stage(
    kind="Merge",
    reports=ReportFile(MergeReport),
    record=end_merge,
    note_trouble=note_merge_trouble,
    fail=fail_merge,
)


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
    report = do_once(
        services,
        STAGE,
        Step(merge_id, merge.place, MERGE_STEP),
        lambda staging: _perform(services, merge, staging),
    )
    log.info("%s: %s", merge.name, report.sentence)
    with services.catalog.transaction() as connection:
        return load_merge(connection, merge_id)


def _perform(services: Services, merge: Merge, staging: Path) -> MergeReport:
    directory = services.run_root / merge.place
    pairs = tuple(_fetch(services, directory, member.run_id) for member in merge.taken)
    return perform(MergeWork(services.dials, staging, pairs, merge.options))


def _fetch(services: Services, directory: Path, run_id: RunId) -> Pair:
    """Bring a run's integrated reflections here, wherever they were made."""
    folder = directory / f"input-{run_id}"
    if not folder.exists():
        with services.catalog.transaction() as connection:
            artifacts = artifacts_of_step(connection, run_id, "integrate")
        fetch_folder(services.store, {file: artifacts[file] for file in INTEGRATED}, folder)
    return folder / INTEGRATED[0], folder / INTEGRATED[1]
