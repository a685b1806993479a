"""The distance of a geometry in force is held while a sweep is refined."""

from dataclasses import replace
from pathlib import Path

import pytest

from beamloop.beamlines.profiles import make_parameters
from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId, GeometryUse
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.images import SweepImages
from beamloop.records.program import ProgramLimits
from beamloop.records.run import Run
from beamloop.settings import DialsSettings
from beamloop.simulate.plan import sweep_images
from beamloop.simulate.presets import PRESETS
from beamloop.sweep.work import HOLD_DISTANCE, StepWork

pytestmark = pytest.mark.unit

FREED = "detector.fix=None"


@pytest.fixture
def run() -> Run:
    images: SweepImages = sweep_images(PRESETS["tiny2"](1).sweeps[0])
    parameters = make_parameters("cells", settings=[f"refine.{FREED}"], limits=ProgramLimits())
    return Run(RunId(1), RequestId(1), "xtal1_1", images, "", parameters, "3.12.1", "")


@pytest.fixture
def dials() -> Dials:
    return open_dials(DialsSettings())


@pytest.fixture
def geometry() -> GeometryUse:
    return GeometryUse(GeometryId(1), StoredObject("models.expt", "", 0), 240.0, multi_panel=True)


def options(run: Run, dials: Dials, step: str) -> tuple[str, ...]:
    return StepWork(run, step, Path("run-1"), Path("run-1/staging"), dials).options


def test_with_the_headers_geometry_the_distance_is_refined(run: Run, dials: Dials) -> None:
    assert all(HOLD_DISTANCE not in options(run, dials, step) for step in ("import", "index", "refine"))


def test_with_a_geometry_in_force_it_is_held_unless_a_person_says_otherwise(
    run: Run, dials: Dials, geometry: GeometryUse
) -> None:
    placed = replace(run, geometry=geometry)
    assert options(placed, dials, "index") == (HOLD_DISTANCE,)
    # DIALS takes the last word on an option.
    refine = options(placed, dials, "refine")
    assert refine.index(HOLD_DISTANCE) < refine.index(FREED)
    assert HOLD_DISTANCE not in options(placed, dials, "import")
    assert HOLD_DISTANCE not in options(placed, dials, "integrate")
