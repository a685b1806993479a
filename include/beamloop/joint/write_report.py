"""Step report: figures, one HTML file for people, one JSON file for programs, and the last word."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from beamloop.dials_cli.correlations import read_correlations
from beamloop.errors import InvalidInputError
from beamloop.html_report import embedded
from beamloop.joint.correlate import FOLDER, MOMENTS
from beamloop.joint.integrate import Integrated, read_integrated
from beamloop.joint.plots import draw_all, draw_correlations
from beamloop.joint.report_html import ReportPage, report_page
from beamloop.joint.words import did_it_help
from beamloop.joint.work import REPORTS, JointFinding, JointWork
from beamloop.records.joint import Comparison, JointState, JointStepReport
from beamloop.unit_cells.drawing import save_figure

REPORT_HTML = "report.html"
REPORT_JSON = "joint.json"
FORMAT = 1


def perform(work: JointWork) -> JointFinding:
    """Draw and write; the joint refinement is published or kept from here on.

    Raises
    ------
    InvalidInputError
        When the step refine has left no comparison.
    """
    reports = [REPORTS.read(work.directory / step) for step in ("refine", "integrate")]
    comparison = reports[0].comparison
    if comparison is None:  # a failed refinement ends before this step
        raise InvalidInputError(
            f"The step refine of {work.joint.place} has nothing to report.",
            try_next=f"`beamloop joint {work.joint.collection_name} --group {work.joint.group_name} --again` "
            "refines the group anew.",
        )
    integrated = read_integrated(work.directory / "integrate")
    images = {name: embedded(path) for name, path in _draw(work, comparison).items()}
    page = ReportPage(work.joint, comparison, integrated, tuple(reports), images)
    (work.staging / REPORT_HTML).write_text(report_page(page), "utf-8")
    document = _document(work, comparison, integrated, reports)
    (work.staging / REPORT_JSON).write_text(json.dumps(document, indent=1), "utf-8")
    state = JointState.KEPT if comparison.worse else JointState.PUBLISHED
    return JointFinding(state.value, state=state, sentence=did_it_help(comparison))


def _draw(work: JointWork, comparison: Comparison) -> dict[str, Path]:
    images = draw_all(comparison, work.staging)
    files = [work.output_of("refine", f"{FOLDER}/{moment}.json") for moment in MOMENTS]
    if all(path.exists() for path in files):
        images["correlations"] = work.staging / "correlations.svg"
        save_figure(draw_correlations(*map(read_correlations, files)), images["correlations"])
    return images


def _document(
    work: JointWork, comparison: Comparison, integrated: list[Integrated], reports: list[JointStepReport]
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "joint": work.joint.joint_id,
        "group": work.joint.group_name,
        "collection": work.joint.collection_name,
        "versions": {"beamloop": version("beamloop"), "dials": work.joint.dials_version},
        "options": work.joint.options.as_json(),
        "comparison": asdict(comparison),
        "integrated": [asdict(one) for one in integrated],
        "steps": [
            {
                "step": report.step,
                "cpu_s": report.cpu_s,
                "peak_memory_bytes": report.peak_memory_bytes,
                "commands": [list(program.argv) for program in report.programs],
            }
            for report in reports
        ],
    }
