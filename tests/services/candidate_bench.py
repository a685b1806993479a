"""Metrologies that have given a candidate, recorded as the stage records them, without DIALS."""

from dataclasses import replace
from pathlib import Path

from tests.services.filled_catalogue import NOW, VERSION, FilledCatalogue

from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology import load_metrology, record_metrology_step
from beamloop.metrology.ask import ask_for_metrology
from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import GeometryId, GeometryModels, NewGeometry, SourceRole
from beamloop.records.metrology import Metrology, MetrologyId, MetrologyState, MetrologyStepReport
from beamloop.records.outcome import OutcomeCode

PANELS = tuple(
    PanelEvidence(f"row-{number}", 80, (0.061, 0.058), (0.042, 0.040), (22.0, -31.0 + number))
    for number in range(3)
)
GOOD = Evidence(1892, (0.061, 0.058), (0.042, 0.040), 3, 6.6, PANELS)
TOO_FEW = replace(GOOD, held_out_count=120)
SENTENCE = "A candidate."


def fill_plate(catalog: Catalog, directory: Path, beamline: str = "i24") -> FilledCatalogue:
    """Register a collection of two processed sweeps."""
    plate = FilledCatalogue(catalog, directory, beamline)
    plate.ask("long", "short")
    for sweep in ("long", "short"):
        plate.end(sweep, OutcomeCode.PROCESSED, "refined", step="refine")
    return plate


def ask(catalog: Catalog, beamline: str = "i24") -> MetrologyId:
    """Ask for the metrology of a beamline's detector, known work or not."""
    with catalog.transaction() as connection:
        (metrology_id,) = ask_for_metrology(
            connection, VERSION, requested_by="a test", beamline=beamline, again=True
        )
    return metrology_id


def candidate_of(metrology: Metrology, evidence: Evidence | None = GOOD) -> NewGeometry:
    """Return what the step evidence of a metrology would give."""
    key = f"{metrology.beamline}/geometry/{metrology.metrology_id}/models.expt"
    return NewGeometry(
        beamline=metrology.beamline,
        detector="PILATUS3 6M, S/N 60-0119",
        models=GeometryModels(250.37, 3, multi_panel=True),
        stored=StoredObject(key, "c" * 64, 1000),
        header_distance_mm=250.0,
        hierarchy_level=1,
        evidence=evidence,
        origin=f"metrology {metrology.metrology_id}",
        made_by="refine_metrology",
        sources={sweep.run_id: SourceRole.REFINED for sweep in metrology.sweeps[:1]},
    )


def record(
    catalog: Catalog, metrology_id: MetrologyId, step: str, evidence: Evidence | None = GOOD
) -> Metrology:
    """Record one step as done; evidence gives the candidate, and the report ends it."""
    with catalog.transaction() as connection:
        metrology = load_metrology(connection, metrology_id)
        report = MetrologyStepReport(step, NOW, NOW, f"{step} is done")
        if step == "evidence":
            report = replace(report, geometry=candidate_of(metrology, evidence))
        if step == "report":
            report = replace(
                report, state=MetrologyState.CANDIDATE, sentence=SENTENCE, artifact_names=("report.html",)
            )
        stored = [
            StoredObject(f"{metrology.place}/{step}/{name}", "d" * 64, 10) for name in report.artifact_names
        ]
        record_metrology_step(connection, metrology_id, report, stored)
        return load_metrology(connection, metrology_id)


def give_candidate(
    catalog: Catalog, metrology_id: MetrologyId, evidence: Evidence | None = GOOD
) -> GeometryId:
    """Let a metrology end with a candidate."""
    record(catalog, metrology_id, "evidence", evidence)
    geometry_id = record(catalog, metrology_id, "report").geometry_id
    assert geometry_id is not None
    return geometry_id
