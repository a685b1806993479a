"""Metrology with real DIALS: simulated modules come back, and the figures of a real barrel of 24 panels."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.services.geometry_files import experiment_list
from tests.services.shell_calls import call, point_at
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometry_by_id, sources_of
from beamloop.catalog.metrology_results import MetrologyResult, metrology_result
from beamloop.catalog.runs import record_outcome
from beamloop.dials_cli.handle import Dials
from beamloop.geometry.gate import faults
from beamloop.geometry.models import first_models
from beamloop.geometry.panels import panel_moves, panels_of, rms_in_plane_um
from beamloop.metrology.ask import ask_for_metrology
from beamloop.metrology.stage import run_metrology_step
from beamloop.records.geometry import GeometryGate, SourceRole
from beamloop.records.metrology import METROLOGY_STEPS, MetrologyId, MetrologyOptions, MetrologyState
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.simulate import read_truth, write_collection
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepPlan
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dials

SHARED = Path(__file__).parents[3] / "shared" / "data" / "p12m_24_panels" / "dials-423"
CELL = "98.3,98.3,136.6,90,90,120"
PLAN = CollectionPlan(
    (SweepPlan("long_1", images=60), SweepPlan("xtal1_1", images=8), SweepPlan("xtal2_1", images=8)),
    seed=3,
    detector=DetectorPlan(
        "1M",
        240.0,
        distance_offset_mm=0.4,
        beam_offset_px=(1.4, -1.1),
        tilt_mrad=(3.0, -2.0),
        module_shift_rms_um=30.0,
        module_rotation_rms_mrad=0.3,
    ),
    crystal=CrystalPlan(cell_spread_fraction=0.00005),
    oscillation_deg=1.0,
)


def ask(services: Services, options: MetrologyOptions) -> MetrologyId:
    with services.catalog.transaction() as connection:
        (asked,) = ask_for_metrology(
            connection, services.dials.version(), requested_by="a test", options_of=lambda _: options
        )
    return asked


@pytest.fixture
def sweeps(tmp_path: Path, catalog_dsn: str, served_dials: Dials) -> Iterator[SweepBench]:
    """One long sweep and two wedges, refined on one panel as a beamline's imports are."""
    images = tmp_path / "images"
    write_collection(PLAN, images)
    settings = ("index.indexing.method=fft1d",)
    made = open_bench(tmp_path, catalog_dsn, images, settings=settings, space_group="H 3", unit_cell=CELL)
    made = replace(made, services=replace(made.services, dials=served_dials))
    for sweep, run_id in made.runs.items():
        assert made.do(sweep, "import", "find_spots", "index", "refine") is None
        # Integration has no part in this and would take twice the time.
        with made.services.catalog.transaction() as connection:
            record_outcome(connection, run_id, Outcome(OutcomeCode.PROCESSED, "Refined.", "refine"))
    yield made
    made.services.catalog.close()


def do_all(services: Services, metrology_id: MetrologyId) -> MetrologyResult:
    """Do every step, each on another machine, which has the store only."""
    for step in METROLOGY_STEPS:
        found = run_metrology_step(services, metrology_id, step)
        shutil.rmtree(services.run_root / found.place)
        if found.state is not MetrologyState.WAITING:
            break
    with services.catalog.transaction() as connection:
        return metrology_result(connection, metrology_id)


def test_modules_of_a_simulated_detector_come_back_with_evidence(sweeps: SweepBench, tmp_path: Path) -> None:
    services = sweeps.services
    result = do_all(services, ask(services, MetrologyOptions()))
    metrology, evidence = result.metrology, result.evidence
    assert metrology.state is MetrologyState.CANDIDATE
    assert metrology.detector == "PILATUS 1M, S/N 00-0000 Beamloop simulator"
    assert {sweep.name: sweep.role for sweep in metrology.sweeps} == {
        "long_1": SourceRole.REFINED,
        "xtal1_1": SourceRole.HELD_OUT,
        "xtal2_1": SourceRole.HELD_OUT,
    }
    assert metrology.geometry_id is not None
    assert evidence is not None
    with services.catalog.transaction() as connection:
        version = geometry_by_id(connection, metrology.geometry_id)
        assert len(sources_of(connection, version.geometry_id)) == 3
    # The header is a hundredth of a degree and two pixels off: a tenth of the residuals is left.
    before, after = evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm
    assert max(after) < 0.2 * min(before)
    assert faults(version, GeometryGate()) == []
    assert version.hierarchy_level == 1
    assert version.use.header_distance_mm == pytest.approx(240.0, abs=1e-6)

    path = tmp_path / "models.expt"
    services.store.fetch(version.use.models.key, path, sha256=version.use.models.sha256)
    truth = panels_of(experiment_list(read_truth(sweeps.folder / "images").detector.true))
    header = panels_of(experiment_list(read_truth(sweeps.folder / "images").detector.header))
    found = panels_of(first_models(path))
    # Issue 5 asks for 6 um; 60 degrees give some 2 um (dials.md: 3.3 from one sweep of 90).
    assert rms_in_plane_um(panel_moves(header, truth)) > 20
    assert rms_in_plane_um(panel_moves(found, truth)) < 6
    assert version.distance_mm == pytest.approx(240.4, abs=0.1)
    # The halves say what the truth says: the error of the whole is about half of their difference.
    assert evidence.half_split_um is not None
    assert evidence.half_split_um < 12

    report = tmp_path / "report.html"
    key = result.files["report/report.html"]
    services.store.fetch(key, report, sha256=services.store.stat(key).sha256)
    assert "It meets the gate." in report.read_text("utf-8")


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data/p12m_24_panels")
def test_levels_of_the_barrel_have_the_published_residuals(
    catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served_dials: Dials
) -> None:
    """As measured with outlier rejection by mcd over the whole detector, on all data (dials.md)."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    call("adopt", str(SHARED))
    services = Services(
        Catalog(catalog_dsn),
        open_store(StoreSettings(directory=tmp_path / "artifacts")),
        served_dials,
        tmp_path / "runs",
    )
    default = MetrologyOptions()
    options = replace(
        default,
        refine=(*default.refine, "outlier.algorithm=mcd"),
        panels=("auto_reduction.action=fix",),
        least_panel_count=5,
        held_out_blocks=False,
    )
    metrology_id = ask(services, options)
    for step in ("choose", "index", "refine"):
        found = run_metrology_step(services, metrology_id, step)
    levels = json.loads((services.run_root / found.place / "refine" / "levels.json").read_text("utf-8"))
    rmsd_px = [np.array(level["rmsd_mm"]) / 0.172 for level in levels]
    np.testing.assert_allclose(rmsd_px, [(0.2508, 0.3081), (0.1657, 0.2428)], rtol=0.01)
    # Four panels at the ends have next to no reflections.
    assert levels[1]["fixed_panels"] == ["row-00", "row-01", "row-22", "row-23"]
    evidence = run_metrology_step(services, metrology_id, "evidence")
    assert evidence.state is MetrologyState.KEPT
    assert evidence.sentence == "No candidate: nothing is left that was held out."
    services.catalog.close()
