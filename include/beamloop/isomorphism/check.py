"""Check a collection: a report for each snapshot of it, made once, whatever is killed when."""

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.beamlines.group_rules import GroupRules, group_rules_of
from beamloop.catalog.isomorphism import newest_report
from beamloop.catalog.isomorphism_publishing import FinishedReport, KnownGroup, known_groups, publish_report
from beamloop.catalog.isomorphism_snapshot import (
    ReservedReport,
    Snapshot,
    gather_snapshot,
    reserve_report,
    take_up_news,
)
from beamloop.isomorphism.assessment import Assessment, assess
from beamloop.isomorphism.cell_rows import cell_rows, usual_space_group
from beamloop.isomorphism.expectations import expected_of_cells
from beamloop.isomorphism.report_files import write_report_files
from beamloop.isomorphism.validation import Validation, validate_cells
from beamloop.isomorphism.verdict import Judgement, judge
from beamloop.records.identifiers import CollectionId, ReportId
from beamloop.records.isomorphism import TRY_NEXT, Verdict
from beamloop.services import Services
from beamloop.step_folders.disk_trouble import disk_trouble_named
from beamloop.step_folders.folders import fresh_staging, step_lock
from beamloop.storage.step_files import put_step_file

log = logging.getLogger(__name__)

FOLDER = "isomorphism"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended."""

    report_id: ReportId | None  # 31: the report that counts now; None where there is nothing to report on
    verdict: Verdict
    sentence: str  # "8 of 10 crystals belong together: ..."
    try_next: str
    is_new: bool  # False: nothing has changed since that report


def check_collection(
    services: Services, collection_id: CollectionId, beamlines_directory: Path | None = None
) -> CheckResult:
    """Report on a collection as it is now; where nothing has changed, do nothing.

    A check may be killed at any instant. Until its last transaction nobody sees anything of it; the next one
    makes the files anew under the same keys, and what it finds there with the same bytes is taken as done.

    Parameters
    ----------
    services
        Catalogue, store, and where to work.
    collection_id
        The collection.
    beamlines_directory
        Folder of the beamlines' files, which may set the limit of LCV; None: 1 % holds.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    TransientError
        When store, database or disk are in the way, or another check of this collection is at work.
    InvalidInputError
        When a cell or a space group of the catalogue cannot be, or there are too many cells for a tree.
    """
    with services.catalog.transaction() as connection:
        place = gather_snapshot(connection, collection_id).place
    folder = services.run_root / place / FOLDER
    beamline = place.partition("/")[0]
    rules = group_rules_of(beamlines_directory, beamline) if beamlines_directory else GroupRules()
    with disk_trouble_named(services.run_root), step_lock(folder, "check"):
        with services.catalog.transaction() as connection:
            take_up_news(connection, collection_id)
        with services.catalog.transaction() as connection:
            snapshot = gather_snapshot(connection, collection_id, rules.lcv_limit_percent)
            known = known_groups(connection, collection_id)
            reserved = reserve_report(connection, snapshot) if snapshot.crystals else None
        if reserved is None:
            return _nothing(snapshot)
        if not reserved.published:
            _report(services, snapshot, known, reserved, folder)
        return _newest(services, collection_id, is_new=not reserved.published)


def _nothing(snapshot: Snapshot) -> CheckResult:
    return CheckResult(
        None,
        Verdict.TOO_FEW,
        f"No sweep of {snapshot.name} is processed yet.",
        TRY_NEXT[Verdict.TOO_FEW],
        is_new=False,
    )


def _report(
    services: Services,
    snapshot: Snapshot,
    known: Sequence[KnownGroup],
    reserved: ReservedReport,
    folder: Path,
) -> None:
    wall_s, cpu_s = time.monotonic(), time.process_time()
    assessment = assess(snapshot, known)
    validation = _validate(assessment)
    judgement = judge(assessment, validation.findings)
    name = f"report-{reserved.report_id}"
    # One name for all: what a killed check of an earlier snapshot left goes too.
    staging = fresh_staging(folder, "report")
    write_report_files(staging, assessment, judgement, validation, reserved, services.store)
    keys = {path.relative_to(staging).as_posix(): path for path in staging.rglob("*") if path.is_file()}
    stored = {
        relative: put_step_file(services.store, f"{snapshot.place}/{FOLDER}/{name}/{relative}", path)
        for relative, path in sorted(keys.items())
    }
    finished = _finished(assessment, judgement, validation, reserved.report_id,
                         time.monotonic() - wall_s, time.process_time() - cpu_s)  # fmt: skip
    with services.catalog.transaction() as connection:
        published = publish_report(connection, finished, stored)
    shutil.rmtree(staging)
    log.info("%s: %s", name, judgement.sentence if published else "overtaken by a newer report")


def _validate(assessment: Assessment) -> Validation:
    rows = cell_rows(assessment)
    if not rows:
        return Validation((), {})
    suite = expected_of_cells(usual_space_group(rows), assessment.snapshot.limit_percent)
    names = [crystal.member.sweep_name for crystal in assessment.clustered]
    nodes = assessment.analysis.inlier_tree.nodes if assessment.analysis else ()
    furthest = nodes[-1].furthest if nodes else ()
    where = {
        "lcv_within_limit": tuple(dict.fromkeys(names[serial - 1] for serial in furthest)),
        "enough_sweeps": tuple(dict.fromkeys(names)),
    }
    return validate_cells(rows, suite, where)


def _finished(
    assessment: Assessment,
    judgement: Judgement,
    validation: Validation,
    report_id: ReportId,
    wall_s: float,
    cpu_s: float,
) -> FinishedReport:
    return FinishedReport(
        report_id=report_id,
        collection_id=assessment.snapshot.collection_id,
        verdict=judgement.verdict,
        sentence=judgement.sentence,
        setting=assessment.setting,
        variation=assessment.variation,
        whole_variation=assessment.whole_variation,
        members=assessment.members,
        groups=assessment.groups,
        findings=validation.findings,
        wall_s=wall_s,
        cpu_s=cpu_s,
    )


def _newest(services: Services, collection_id: CollectionId, *, is_new: bool) -> CheckResult:
    with services.catalog.transaction() as connection:
        header = newest_report(connection, collection_id)
    if header is None:  # overtaken by a person's new group before the first report
        return CheckResult(
            None, Verdict.TOO_FEW, "The report was overtaken; another check is due.", "", False
        )
    return CheckResult(header.report_id, header.verdict, header.sentence, TRY_NEXT[header.verdict], is_new)
