"""Step report: pictures, one HTML file for people, one JSON file for programs, and the last word."""

import json
from importlib.metadata import version
from pathlib import Path

from beamloop.catalog.geometry import geometry_by_id
from beamloop.dials_cli.geometry_comparison import read_comparison
from beamloop.errors import InvalidInputError
from beamloop.geometry.drift import drift_up_to
from beamloop.geometry.drift_plot import draw_drift
from beamloop.geometry.gate import faults
from beamloop.geometry.models import first_models
from beamloop.html_report import embedded
from beamloop.metrology.face import face_of
from beamloop.metrology.plots import draw_panels, draw_residual_maps, draw_shells
from beamloop.metrology.report_html import ReportPage, report_page
from beamloop.metrology.words import what_came
from beamloop.metrology.work import REPORTS, MetrologyFinding, MetrologyWork
from beamloop.records.drift import DetectorDrift
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryVersion
from beamloop.records.metrology import METROLOGY_STEPS, MetrologyState
from beamloop.unit_cells.drawing import save_figure

REPORT_HTML = "report.html"
REPORT_JSON = "metrology.json"
FORMAT = 1


def perform(work: MetrologyWork) -> MetrologyFinding:
    """Draw and write; the metrology has given a candidate from here on.

    Raises
    ------
    InvalidInputError
        When the step evidence has left no candidate.
    """
    reports = [REPORTS.read(work.directory / step) for step in METROLOGY_STEPS[:-1]]
    new, number = reports[-1].geometry, work.metrology.geometry_id
    if new is None or new.evidence is None or number is None:  # one without a candidate ends before this step
        raise InvalidInputError(
            f"The step evidence of {work.metrology.place} has no candidate to report.",
            try_next=f"`beamloop metrology run --beamline {work.metrology.beamline} --again` begins anew.",
        )
    with work.services.catalog.transaction() as connection:
        candidate = geometry_by_id(connection, number)
        drift = drift_up_to(connection, candidate)
    short = faults(candidate, work.metrology.options.gate)
    images = {name: embedded(path) for name, path in _draw(work, new.evidence, drift).items()}
    page = ReportPage(work.metrology, number, new.evidence, short, reports, images)
    (work.staging / REPORT_HTML).write_text(report_page(page), "utf-8")
    (work.staging / REPORT_JSON).write_text(json.dumps(_document(work, candidate, short), indent=1), "utf-8")
    sentence = what_came(number, new.evidence, short)
    return MetrologyFinding(f"geometry {number}", state=MetrologyState.CANDIDATE, sentence=sentence)


def _draw(work: MetrologyWork, evidence: Evidence, drift: DetectorDrift | None) -> dict[str, Path]:
    folder = work.directory / "evidence"
    details = evidence.details
    face = face_of(first_models(folder / "geometries" / "imported.expt"))
    moments = {"As imported": 0, "Whole detector moved": 1}
    if details["level"]:
        moments[f"Level {details['level']}, part by part"] = 1 + details["level"]
    figures = {
        "residual_maps": draw_residual_maps(face, read_comparison(folder / "refined.npz"), moments),
        "panels": draw_panels(face, details["panels"]),
        "shells": draw_shells(details["shells"]),
    }
    if drift:
        figures["drift"] = draw_drift(drift)
    for name, figure in figures.items():
        save_figure(figure, work.staging / f"{name}.png")
    return {name: work.staging / f"{name}.png" for name in figures}


def _document(work: MetrologyWork, candidate: GeometryVersion, short: list[str]) -> dict[str, object]:
    metrology = work.metrology
    return {
        "format": FORMAT,
        "metrology": metrology.metrology_id,
        "beamline": metrology.beamline,
        "detector": metrology.detector,
        "versions": {"beamloop": version("beamloop"), "dials": metrology.dials_version},
        "options": metrology.options.as_json(),
        "geometry": candidate.geometry_id,
        "evidence": candidate.evidence.as_json() if candidate.evidence else None,
        "gate_faults": short,
    }
