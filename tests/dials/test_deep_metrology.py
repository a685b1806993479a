"""A detector whose modules are mounted in groups: from its levels to the import of the next images.

The calibrated sweeps are simulated at the level of reflections and adopted; the next images are pixels in
NXmx files, whose chains of axes give the same hierarchy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.services.deep_detector import BLIND, DETECTOR, LONG, WEDGE, write_adoptable
from tests.services.geometry_files import experiment_list
from tests.services.nxmx_writer import Nxmx, simulated_frames, write_modules, write_nxmx
from tests.services.shell_calls import call, point_at
from tests.services.sweep_bench import open_bench

from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometry_by_id
from beamloop.catalog.metrology_results import MetrologyResult, metrology_result
from beamloop.dials_cli.handle import Dials
from beamloop.geometry.candidates import add_candidate, store_models
from beamloop.geometry.gate import faults
from beamloop.geometry.hierarchy import hierarchy_depth, parts_at
from beamloop.geometry.models import Document, describe_models, first_models, read_models
from beamloop.geometry.panels import Panels, group_moves, panel_moves, panels_of, rms_in_plane_um
from beamloop.geometry.registry import promote
from beamloop.metrology.ask import ask_for_metrology
from beamloop.metrology.stage import run_metrology_step
from beamloop.records.geometry import GeometryGate, GeometryVersion, NewGeometry
from beamloop.records.metrology import METROLOGY_STEPS, MetrologyState
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.simulate.geometry import header_geometry, module_groups, true_geometry
from beamloop.simulate.plan import CollectionPlan, SweepPlan
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dials

FAR = replace(DETECTOR, distance_mm=1.2 * DETECTOR.distance_mm)
HEADER = panels_of(experiment_list(header_geometry(DETECTOR)))
TRUTH = panels_of(experiment_list(true_geometry(DETECTOR, 0)))
CELL = "98.3,98.3,136.6,90,90,120"
GROUPS = module_groups(DETECTOR)
SEEN = np.arange(len(TRUTH.sizes_mm)) != BLIND


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A candidate, and the detector as it was refined at a larger distance."""

    folder: Path
    services: Services
    result: MetrologyResult
    there: Document  # refined at the larger distance

    @property
    def details(self) -> Mapping[str, Any]:
        assert self.result.evidence is not None
        return self.result.evidence.details

    @property
    def version(self) -> GeometryVersion:
        assert self.result.metrology.geometry_id is not None
        with self.services.catalog.transaction() as connection:
            return geometry_by_id(connection, self.result.metrology.geometry_id)

    @property
    def levels(self) -> list[Document]:
        folder = self.services.run_root / self.result.metrology.place / "refine"
        return [first_models(folder / f"level_{level}" / "refined.expt") for level in range(3)]


@pytest.fixture(scope="module")
def calibrated(
    module_catalog_dsn: str, tmp_path_factory: pytest.TempPathFactory, served_dials: Dials
) -> Iterator[Calibrated]:
    """Adopt sweeps at two distances and calibrate the detector from each."""
    folder = tmp_path_factory.mktemp("deep")
    with pytest.MonkeyPatch.context() as patch:
        point_at(patch, module_catalog_dsn, folder)
        for detector, sweeps in ((DETECTOR, (LONG, WEDGE)), (FAR, (LONG,))):
            pairs = folder / f"at {detector.distance_mm:.0f} mm"
            write_adoptable(pairs, detector, sweeps)
            call("adopt", str(pairs), "--beamline", "bench")
    store = open_store(StoreSettings(directory=folder / "artifacts"))
    services = Services(Catalog(module_catalog_dsn), store, served_dials, folder / "runs")
    with services.catalog.transaction() as connection:
        near, far = ask_for_metrology(connection, served_dials.version(), requested_by="a test")
    for step in METROLOGY_STEPS:
        run_metrology_step(services, near, step)
    for step in ("choose", "index", "refine"):
        found = run_metrology_step(services, far, step)
    there = services.run_root / found.place / "refine" / "level_2" / "refined.expt"
    with services.catalog.transaction() as connection:
        result = metrology_result(connection, near)
    yield Calibrated(folder, services, result, read_models(there))
    services.catalog.close()


def off_truth(found: Panels) -> float:
    """Return how far the modules with data are off, the motion of all of them taken off, in um rms."""
    return rms_in_plane_um(panel_moves(found, TRUTH, SEEN), SEEN)


def test_groups_and_their_modules_come_back_level_by_level(calibrated: Calibrated) -> None:
    details = calibrated.details
    assert calibrated.result.metrology.state is MetrologyState.CANDIDATE
    assert faults(calibrated.version, GeometryGate()) == []
    levels = [(row["parts"], row["part_count"], row["fixed_parts"]) for row in details["levels"]]
    assert levels == [
        ("the whole", 1, []),
        ("groups of panels", 3, []),
        ("panels", 10, [f"Panel{BLIND}"]),
    ]
    # Each level fits what it has not seen better than the one above.
    held_out_mm = [np.hypot(*row["held_out_rmsd_mm"]) for row in details["levels"]]
    assert held_out_mm == sorted(held_out_mm, reverse=True)
    assert details["level"] == calibrated.version.hierarchy_level == 2
    found = [panels_of(models) for models in calibrated.levels]
    assert off_truth(HEADER) > 60
    # Groups of 100 um, then modules of 30 um come back; what 100 reflections of 0.03 mm leave is 3 um.
    assert off_truth(found[1]) < 0.6 * off_truth(found[0])
    assert off_truth(found[2]) < 6
    assert [part.panels for part in parts_at(calibrated.levels[2], 1)] == GROUPS
    assert hierarchy_depth(calibrated.levels[2]) == 2
    # The truth; the headers say 240.0, four times as far off as is allowed here.
    assert calibrated.version.distance_mm == pytest.approx(240.4, abs=0.1)


def test_a_module_without_data_goes_where_its_group_goes(calibrated: Calibrated) -> None:
    found = panels_of(calibrated.levels[2])
    left, before = (panel_moves(one, TRUTH, SEEN).shift_um[BLIND, :2] for one in (found, HEADER))
    # Its own shift against its group is left.
    assert np.hypot(*left) < 0.6 * np.hypot(*before)


def test_the_evidence_tells_of_groups_what_the_truth_tells(calibrated: Calibrated) -> None:
    groups = calibrated.details["groups"]
    assert [(row["level"], row["group"]) for row in groups] == [(1, f"quadrant {n}") for n in (1, 2, 3)]
    refined = panels_of(calibrated.levels[2])
    wanted, found = (group_moves(HEADER, one, GROUPS).shift_um[:, :2] for one in (TRUTH, refined))
    np.testing.assert_allclose([row["shift_um"][:2] for row in groups], found, atol=1e-6)
    # The module without data stands 65 um off, a tenth of the detector and a quarter of its group.
    np.testing.assert_allclose(found, wanted, atol=25)
    assert all(row["half_split_um"] for row in groups)
    report = calibrated.services.run_root / calibrated.result.metrology.place / "report" / "report.html"
    text = report.read_text("utf-8")
    assert "1: 3 groups of panels" in text
    assert "level 1: quadrant 2" in text
    assert f"Panel{BLIND}. They stayed where the level above put them." in text


def test_next_images_at_a_fifth_more_fit_as_by_a_geometry_refined_there(
    calibrated: Calibrated, module_catalog_dsn: str, tmp_path: Path
) -> None:
    plan = CollectionPlan((SweepPlan("next_1", images=4),), 5, FAR, oscillation_deg=1.0)
    nxmx = Nxmx(tmp_path / "images", "next_1", (4,))
    write_nxmx(nxmx, plan, simulated_frames(plan, 0))
    write_modules(nxmx, plan)
    services = calibrated.services
    stored = store_models(services.store, "bench", calibrated.there)
    made_there = NewGeometry(
        "bench", calibrated.version.detector, describe_models(calibrated.there), stored,
        FAR.distance_mm, 2, None, "refined there", "a test",
    )  # fmt: skip
    versions = calibrated.version.geometry_id, add_candidate(services.catalog, made_there)
    rmsds_mm = []
    for year, geometry_id in zip((2020, 2021), versions, strict=True):
        promote(
            services.catalog,
            geometry_id,
            lambda _: GeometryGate(),
            since=datetime(year, 1, 1, tzinfo=UTC),
            by="me",
            why="a test",
            without_evidence=year == 2021,
        )
        bench = open_bench(
            calibrated.folder, module_catalog_dsn, nxmx.folder,
            settings=("index.indexing.method=fft1d",), space_group="H 3", unit_cell=CELL,
        )  # fmt: skip
        assert bench.do("next_1", "import", "find_spots", "index", "refine") is None
        found = bench.result("next_1")
        assert found.indexed_count == found.spot_count
        rmsds_mm.append((found.rmsd_x_mm, found.rmsd_y_mm))
        bench.services.catalog.close()
    assert (np.array(rmsds_mm[0]) <= 1.1 * np.array(rmsds_mm[1])).all(), rmsds_mm
