"""Geometries beside the simulator's truth, and what one buys."""

from dataclasses import replace

import numpy as np
import pytest
from tests.services.geometry_files import Document, experiment_list

from beamloop.catalog.results import SweepResult
from beamloop.cli.loop_table import loop_figures
from beamloop.cli.truth_geometry import geometry_error, header_modules_rms_um
from beamloop.simulate.geometry import true_geometry
from beamloop.simulate.presets import PRESETS
from beamloop.simulate.truth import Truth, truth_of

pytestmark = pytest.mark.unit

PLAN = PRESETS["loop"](1)


@pytest.fixture
def truth() -> Truth:
    return truth_of(PLAN)


def shifted(document: Document, shift_mm: tuple[float, float, float]) -> Document:
    document["detector"][0]["hierarchy"]["origin"] = list(shift_mm)
    return document


def test_the_truth_is_not_off_wherever_the_whole_detector_stands(truth: Truth) -> None:
    # 2 mm along the beam and 1 mm across: one body.
    error = geometry_error(shifted(experiment_list(truth.detector.true), (1.0, 0.0, -2.0)), truth)
    assert error.modules_rms_um == pytest.approx(0, abs=1e-6)
    # Across the beam, a face that is tilted by 2 mrad comes nearer by 2 um.
    assert error.distance_mm == pytest.approx(2, abs=0.01)


def test_the_headers_are_off_by_what_was_simulated(truth: Truth) -> None:
    error = geometry_error(experiment_list(truth.detector.header), truth)
    assert error.modules_rms_um == pytest.approx(header_modules_rms_um(truth))
    # 30 um rms; ten modules leave a fifth of chance, and the motion of the whole is taken off.
    assert header_modules_rms_um(truth) == pytest.approx(30, rel=0.25)
    assert error.distance_mm == pytest.approx(-PLAN.detector.distance_offset_mm, abs=1e-9)


def test_the_next_collection_is_on_the_same_detector_with_other_crystals(truth: Truth) -> None:
    following = truth_of(PRESETS["loop_next"](1))
    assert following.detector == truth.detector
    ours, theirs = (one.sweep("xtal1_1").crystal for one in (truth, following))
    assert ours is not None
    assert theirs is not None
    assert ours.orientation != theirs.orientation


def test_a_detector_without_a_seed_of_its_own_has_the_collections() -> None:
    own = replace(PLAN.detector, seed=None)
    assert true_geometry(own, 8) == true_geometry(PLAN.detector, 1)
    assert true_geometry(own, 1) != true_geometry(PLAN.detector, 1)


def result(sweep: str, cell: tuple[float, ...] | None) -> SweepResult:
    nothing = dict.fromkeys(SweepResult.__dataclass_fields__)
    known = {"sweep": sweep, "cell": cell, "spot_count": 200, "indexed_count": 190}
    figures = {"rmsd_x_mm": 0.02, "rmsd_y_mm": 0.03} if cell else {}
    return SweepResult(**(nothing | known | figures))  # type: ignore[arg-type]


def test_errors_and_spread_of_cells_are_told_apart(truth: Truth) -> None:
    results = []
    # All axes too long by 0.1 %, and 0.02 % more or less.
    for sweep, percent in (("xtal1_1", 0.12), ("xtal2_1", 0.08)):
        crystal = truth.sweep(sweep).crystal
        assert crystal is not None
        lengths = np.array(crystal.unit_cell.as_tuple()[:3]) * (1 + percent / 100)
        results.append(result(sweep, (*lengths.tolist(), 90.0, 90.0, 120.0)))
    figures = loop_figures([*results, result("xtal3_1", None)], truth)
    assert figures is not None
    assert (figures.indexed_sweep_count, figures.sweep_count) == (2, 3)
    assert figures.indexed_share == pytest.approx(0.95)
    # The standard deviation of two values is their difference over the root of two.
    assert figures.cell_spread_percent == pytest.approx(0.04 / np.sqrt(2))
    assert figures.cell_error_percent == pytest.approx(np.sqrt((0.12**2 + 0.08**2) / 2))


def test_one_cell_has_no_spread(truth: Truth) -> None:
    assert loop_figures([result("xtal1_1", (98.3, 98.3, 136.6, 90.0, 90.0, 120.0))], truth) is None
