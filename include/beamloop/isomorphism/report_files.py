"""The files of a report: the page for people, the facts for programs, BLEND's files, pictures."""

import json
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beamloop.catalog.isomorphism_snapshot import ReservedReport
from beamloop.isomorphism.assessment import Assessment
from beamloop.isomorphism.page import report_page
from beamloop.isomorphism.validation import Validation
from beamloop.isomorphism.verdict import Judgement
from beamloop.records.isomorphism import Candidate, Finding, ReportMember, Variation
from beamloop.storage.contract import ArtifactStore
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.write_files import write_files

FORMAT = 1
PICTURES = {
    "tree_inliers.png": "Tree without what is set aside",
    "tree.png": "Tree of all crystals",
    "cell_histograms.png": "Cells",
    "cell_scatter.png": "Cells against each other",
}


def write_report_files(
    folder: Path,
    assessment: Assessment,
    judgement: Judgement,
    validation: Validation,
    reserved: ReservedReport,
    store: ArtifactStore,
) -> None:
    """Write every file of a report; the same report gives the same bytes.

    Parameters
    ----------
    folder
        An empty one.
    assessment, judgement, validation
        What was found.
    reserved
        The report's number and when it was begun.
    store
        Where the crystals' MTZ files are.
    """
    if assessment.analysis:
        data_sets = [_data_set(crystal, store) for crystal in assessment.clustered]
        write_files(folder, assessment.analysis, data_sets)
    pictures = {
        caption: _data_url(folder / name) for name, caption in PICTURES.items() if (folder / name).exists()
    }
    footer = f"Report {reserved.report_id}, begun {reserved.begun_at:%Y-%m-%d %H:%M:%S} UTC."
    page = report_page(assessment, judgement, validation.findings, pictures, footer)
    (folder / "report.html").write_text(page, "utf-8")
    _write_json(folder / "report.json", _facts(assessment, judgement, validation.findings))
    _write_json(folder / "validation.json", validation.result)


def _data_set(crystal: Candidate, store: ArtifactStore) -> DataSet:
    member = crystal.member
    return DataSet(
        cell=member.cell,
        space_group=member.space_group,
        path=store.address(crystal.mtz_key) if crystal.mtz_key else member.place,
        place=f"{member.sweep_name} crystal {member.crystal_number}",
        d_min_angstrom=crystal.d_min_angstrom,
        distance_mm=crystal.distance_mm,
        first_image=crystal.image_first,
        last_image=crystal.image_last,
    )


def _data_url(picture: Path) -> str:
    return f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}"


def _write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", "utf-8")


def _facts(assessment: Assessment, judgement: Judgement, findings: Sequence[Finding]) -> dict[str, Any]:
    snapshot = assessment.snapshot
    return {
        "format": FORMAT,
        "collection": snapshot.name,
        "membership_sha256": snapshot.sha256,
        "verdict": judgement.verdict.value,
        "sentence": judgement.sentence,
        "setting": assessment.setting,
        "limit_percent": snapshot.limit_percent,
        "members": _variation(assessment.variation),
        "everything": _variation(assessment.whole_variation),
        "crystals": [_crystal(entry) for entry in assessment.members],
        "groups": [
            {"name": group.name, "lcv_percent": group.lcv_percent, "alcv_angstrom": group.alcv_angstrom,
             "members": [{"run_id": run_id, "crystal": number} for run_id, number in group.members]}
            for group in assessment.groups
        ],
        "findings": [
            {"expectation": finding.expectation, "severity": finding.severity.value,
             "passed": finding.passed, "sentence": finding.sentence,
             "statistics": dict(finding.statistics), "sweeps": list(finding.sweeps)}
            for finding in findings
        ],
    }  # fmt: skip


def _variation(variation: Variation | None) -> dict[str, float] | None:
    if variation is None:
        return None
    return {"lcv_percent": variation.lcv_percent, "alcv_angstrom": variation.alcv_angstrom}


def _crystal(entry: ReportMember) -> dict[str, Any]:
    return {
        "serial": entry.serial,
        "sweep": entry.member.sweep_name,
        "run_id": entry.member.run_id,
        "crystal": entry.member.crystal_number,
        "standing": entry.standing.value,
        "space_group": entry.member.space_group,
        "cell": list(entry.member.cell),
        "common_cell": list(entry.common_cell) if entry.common_cell else None,
        "operator": entry.operator,
        "robust_z": entry.robust_z,
        "reason": entry.reason,
        "sentence": entry.sentence,
    }
