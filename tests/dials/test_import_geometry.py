"""Step import with a geometry in force: DIALS has the detector where it was computed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.services.full_cbf_writer import write_full_cbf
from tests.services.geometry_files import Document, corners_mm, experiment_list
from tests.services.nxmx_writer import Nxmx, simulated_frames, write_modules, write_nxmx
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.catalog.connection import Catalog
from beamloop.catalog.runs import load_run
from beamloop.dials_cli.detector import panel_poses
from beamloop.errors import ArtifactDamagedError, InvalidInputError
from beamloop.geometry.candidates import add_candidate, store_models
from beamloop.geometry.hierarchy import parts_at
from beamloop.geometry.models import describe_models, first_models
from beamloop.geometry.registry import promote
from beamloop.records.geometry import GeometryGate, GeometryId, NewGeometry
from beamloop.records.outcome import OutcomeCode
from beamloop.settings import StoreSettings
from beamloop.simulate.geometry import Geometry, header_geometry, true_geometry
from beamloop.simulate.presets import PRESETS
from beamloop.storage.opening import open_store
from beamloop.sweep.manifest import write_manifest
from beamloop.sweep.reproduce import reproduction_script
from beamloop.sweep.work import REPORTS

pytestmark = pytest.mark.dials

UM = 1e-3
SWEEP, MADE_AT_MM = "xtal1_1", 250.0
HEADER = PRESETS["tiny2"](1).detector
OFF = replace(
    HEADER,
    distance_offset_mm=0.4,
    beam_offset_px=(1.6, -1.5),
    tilt_mrad=(3.0, -2.0),
    module_shift_rms_um=30.0,
)


def one_panel(geometry: Geometry) -> Geometry:
    """Let the first module's plane go on over the whole image."""
    first = geometry.panels[0]
    return replace(geometry, panels=(replace(first, size_px=(487, 619)),))


def bench_with(
    folder: Path,
    dsn: str,
    images: Path,
    refined: Document,
    header_mm: float | None = MADE_AT_MM,
) -> tuple[SweepBench, GeometryId]:
    """Put a geometry in force, then register the images."""
    catalog = Catalog(dsn)
    store = open_store(StoreSettings(directory=folder / "artifacts"))
    new = NewGeometry(
        "bench", "a simulated detector", describe_models(refined), store_models(store, "bench", refined),
        header_mm, 1, None, "a test", "a test",
    )  # fmt: skip
    geometry_id = add_candidate(catalog, new)
    promote(
        catalog,
        geometry_id,
        lambda _: GeometryGate(),
        since=datetime(2020, 1, 1, tzinfo=UTC),
        by="me",
        why="a test",
        without_evidence=True,
    )
    catalog.close()
    bench = open_bench(folder, dsn, images, space_group="H 3", unit_cell="98.3,98.3,136.6,90,90,120")
    return bench, geometry_id


@pytest.fixture
def multi_panel(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> Iterator[tuple[SweepBench, GeometryId]]:
    near = experiment_list(true_geometry(replace(OFF, distance_mm=MADE_AT_MM), 7))
    bench, geometry_id = bench_with(tmp_path, catalog_dsn, tiny_images, near)
    yield bench, geometry_id
    bench.services.catalog.close()


def corners_of_imported(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return every panel's corners as Beamloop reads what DIALS wrote, shape (panels, 4, 3), mm."""
    detector = first_models(path)["detector"][0]
    found = []
    for pose, panel in zip(panel_poses(detector), detector["panels"], strict=True):
        width, height = np.array(panel["image_size"]) * panel["pixel_size"]
        places = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
        found.append(places @ pose.T)
    return np.array(found)


def test_panels_of_another_distance_are_imported_where_the_truth_has_them(
    multi_panel: tuple[SweepBench, GeometryId],
) -> None:
    bench, geometry_id = multi_panel
    assert bench.do(SWEEP, "import") is None
    folder = bench.run_directory(SWEEP) / "import"
    truth = corners_mm(experiment_list(true_geometry(OFF, 7)))
    assert corners_of_imported(folder / "imported.expt") == pytest.approx(truth, abs=UM)
    report = REPORTS.read(folder)
    assert report.finding.endswith(f"; geometry {geometry_id}")
    # Relative, so that it stays true when the run is copied.
    assert "input.reference_geometry=../moved_geometry.expt" in report.programs[-1].argv
    with bench.services.catalog.transaction() as connection:
        run = load_run(connection, bench.runs[SWEEP])
    write_manifest(run, folder.parent, folder, report)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["geometry"]["geometry"] == geometry_id
    assert run.geometry is not None
    assert manifest["geometry"]["models_sha256"] == run.geometry.models.sha256


def test_a_sweep_is_processed_to_mtz_on_the_panels_of_a_moved_geometry(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    refined = experiment_list(true_geometry(replace(HEADER, distance_mm=MADE_AT_MM), 1))
    bench, _ = bench_with(tmp_path, catalog_dsn, tiny_images, refined)
    outcome = bench.do(SWEEP)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED, outcome.sentence
    found = bench.result(SWEEP)
    # The images were drawn with this detector; a panel in another's place makes RMSDs of pixels (0.172 mm).
    assert found.rmsd_x_mm is not None
    assert found.rmsd_x_mm < 0.03
    # Held where the geometry has it; shifts and tilts are refined, which the panel's own distance feels.
    assert found.distance_mm == pytest.approx(HEADER.distance_mm, abs=0.1)
    log = (bench.run_directory(SWEEP) / "refine" / "dials.refine.log").read_text()
    assert "fix = all position orientation *distance" in log
    with pytest.raises(InvalidInputError, match=r"moved_geometry\.expt, which none of them makes"):
        reproduction_script(bench.services.catalog, bench.services.store, bench.runs[SWEEP])
    bench.services.catalog.close()


def test_full_cbf_of_several_arrays_is_indexed_on_the_panels_of_a_moved_geometry(
    tmp_path: Path, catalog_dsn: str
) -> None:
    plan = PRESETS["tiny2"](1)
    # Two modules on one axis, the third on another: DIALS makes groups of them.
    plan = replace(plan, detector=replace(HEADER, group_rows=2))
    write_full_cbf(tmp_path / "images", plan, simulated_frames(plan, 0))
    refined = experiment_list(true_geometry(replace(HEADER, distance_mm=MADE_AT_MM), 1))
    bench, geometry_id = bench_with(tmp_path, catalog_dsn, tmp_path / "images", refined)
    assert bench.do(SWEEP, "import", "find_spots", "index", "refine") is None
    folder = bench.run_directory(SWEEP) / "import"
    assert REPORTS.read(folder).finding.endswith(f"; geometry {geometry_id}")
    imported = first_models(folder / "imported.expt")
    assert [part.panels for part in parts_at(imported, 1)] == [(0, 1), (2,)]
    truth = corners_mm(experiment_list(header_geometry(HEADER)))
    assert corners_of_imported(folder / "imported.expt") == pytest.approx(truth, abs=UM)
    found = bench.result(SWEEP)
    assert found.rmsd_x_mm is not None
    assert found.rmsd_x_mm < 0.03
    bench.services.catalog.close()


def test_modules_of_nxmx_with_a_mask_that_dials_cannot_cut_end_with_words(
    tmp_path: Path, catalog_dsn: str
) -> None:
    plan = PRESETS["tiny2"](1)
    plan = replace(plan, detector=replace(HEADER, model="1M"))
    nxmx = Nxmx(tmp_path / "images", SWEEP, (1, 1))
    write_nxmx(nxmx, plan, np.zeros((2, 1043, 981), np.int32))
    write_modules(nxmx, plan, keep_mask=True)
    bench = open_bench(tmp_path, catalog_dsn, nxmx.folder)
    outcome = bench.do(SWEEP, "import")
    version = bench.services.dials.version()
    bench.services.catalog.close()
    if not version.startswith("3.12."):
        assert outcome is None, "3.30 cuts the mask"
        return
    assert outcome is not None
    assert outcome.code is OutcomeCode.UNREADABLE_IMAGES
    assert "cannot cut the file's pixel_mask into modules" in outcome.sentence


def test_panels_are_not_put_on_files_that_dials_reads_as_one(tmp_path: Path, catalog_dsn: str) -> None:
    plan = PRESETS["tiny2"](1)
    nxmx = Nxmx(tmp_path / "images", SWEEP, (1, 1))
    write_nxmx(nxmx, plan, np.zeros((2, 619, 487), np.int32))
    bench, _ = bench_with(tmp_path, catalog_dsn, nxmx.folder, experiment_list(header_geometry(HEADER)))
    outcome = bench.do(SWEEP, "import")
    assert outcome is not None
    assert outcome.code is OutcomeCode.GEOMETRY_MISMATCH
    assert "it has 3 panels" in outcome.sentence
    assert "a beamline of their own, with a geometry of one panel." in outcome.sentence
    bench.services.catalog.close()


def test_one_panel_of_an_unknown_header_is_put_at_the_distance_of_the_images(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    near = one_panel(true_geometry(replace(OFF, distance_mm=MADE_AT_MM, module_shift_rms_um=0.0), 7))
    bench, _ = bench_with(tmp_path, catalog_dsn, tiny_images, experiment_list(near), None)
    assert bench.do(SWEEP, "import") is None
    imported = first_models(bench.run_directory(SWEEP) / "import" / "imported.expt")
    # The beam of the header; on its way to the tilted plane it is as long as the header says.
    assert describe_models(imported).distance_mm == pytest.approx(HEADER.distance_mm, abs=UM)
    assert describe_models(imported).panel_count == 1
    bench.services.catalog.close()


def test_images_of_another_detector_end_with_words(
    tmp_path: Path, catalog_dsn: str, tiny_images: Path
) -> None:
    two = header_geometry(HEADER)
    other = experiment_list(replace(two, panels=two.panels[:2]))
    bench, geometry_id = bench_with(tmp_path, catalog_dsn, tiny_images, other)
    outcome = bench.do(SWEEP, "import")
    assert outcome is not None
    assert outcome.code is OutcomeCode.GEOMETRY_MISMATCH
    assert f"Geometry {geometry_id} is of another detector: it has 2 panels" in outcome.sentence
    assert "the images have 3 panels" in outcome.sentence
    bench.services.catalog.close()


def test_a_damaged_geometry_is_never_used(multi_panel: tuple[SweepBench, GeometryId]) -> None:
    bench, _ = multi_panel
    (models,) = bench.artifacts.rglob("models.expt")
    models.chmod(0o600)
    models.write_text(models.read_text().replace("0.9763", "0.9764"))
    with pytest.raises(ArtifactDamagedError):
        bench.do(SWEEP, "import")
    outcome = bench.result(SWEEP).outcome
    assert outcome is not None
    assert outcome.code is OutcomeCode.ARTIFACT_DAMAGED
