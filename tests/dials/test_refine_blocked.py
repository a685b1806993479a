"""Products of blocks in the place of the stock engine: the same steps to the same models."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamloop.dials_cli import programs
from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.dials_cli.programs.refinement import REFINE_BLOCKED
from beamloop.dials_cli.server_door import SCRIPTS
from beamloop.settings import DialsSettings, RefinementEngine

pytestmark = pytest.mark.dials

COMPARE = Path(__file__).with_name("compare_engines.py")
CASES = [
    "one crystal, outliers rejected",
    "several crystals",
    "cell tied to a target",
    "cells tied to each other",
    "constraints",
    "fixed parameters",
    "panels, reduced by themselves",
    "scan-varying",
    "journal of correlations",
    "Gauss-Newton",
]
# The order of summation differs: 1e-16 for each term, times the condition of the normal matrix; 3e-13 at most
# in these cases. What is promised leaves room for larger ones.
TOLERANCE = 1e-9
FIGURES = ("parameters rmsd objective cells cell_su a_matrices a_at_scan_points d_matrices s0").split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, and what both engines made of them."""
    place = tmp_path_factory.mktemp("engines")
    argv = [str(DialsSettings().python), "-I", str(COMPARE), str(SCRIPTS / REFINE_BLOCKED), str(place)]
    subprocess.run(argv, check=True, capture_output=True)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return said


def test_every_case_is_compared(found: dict[str, Any]) -> None:
    assert sorted(found["cases"]) == sorted(CASES)


@pytest.mark.parametrize("case", CASES)
def test_steps_models_and_uncertainties_are_those_of_the_stock_engine(
    found: dict[str, Any], case: str
) -> None:
    stock, blocked = found["cases"][case]["stock"], found["cases"][case]["blocked"]
    assert (stock["blocked"], blocked["blocked"]) == (False, True)
    assert (blocked["used"], blocked["outliers"]) == (stock["used"], stock["outliers"])
    assert len(stock["parameters"]) > 2
    for name in FIGURES:
        wanted, seen = np.array(stock[name], float), np.array(blocked[name], float)
        assert seen.shape == wanted.shape, name
        scale = np.abs(wanted).max(initial=0.0)
        np.testing.assert_allclose(seen, wanted, rtol=0, atol=TOLERANCE * scale, err_msg=name)


def test_the_cases_reach_what_they_are_named_for(found: dict[str, Any]) -> None:
    stock = {case: engines["stock"] for case, engines in found["cases"].items()}
    several = stock["several crystals"]["cells"]
    assert stock["one crystal, outliers rejected"]["outliers"] > 20
    for case in ("cell tied to a target", "cells tied to each other", "constraints"):
        assert stock[case]["cells"] != several
    free, fixed = (len(stock[case]["parameters"][0]) for case in (CASES[0], "fixed parameters"))
    assert fixed < free
    panels = len(stock["panels, reduced by themselves"]["parameters"][0])
    # Six parameters for each of four panels instead of the six of the whole, but for the panels fixed.
    assert free < panels < free - 6 + 4 * 6
    assert stock["scan-varying"]["a_at_scan_points"]


def test_a_dials_without_these_engines_keeps_its_own_and_the_reason_is_said(found: dict[str, Any]) -> None:
    said = found["without an engine"]
    assert "GaussNewtonIterations" in said["why"]
    assert said["untouched"]


@pytest.fixture(scope="module")
def dials() -> Dials:
    return open_dials(DialsSettings())


def test_the_program_leaves_the_files_of_dials_refine(dials: Dials, folder: Path, tmp_path: Path) -> None:
    options = ["scan_varying=false", "outlier.algorithm=tukey", "reflections_per_degree=None"]
    result = programs.refine(
        dials,
        tmp_path,
        folder / "one.expt",
        folder / "one.refl",
        engine=RefinementEngine.BLOCKED,
        options=options,
    )
    assert result.succeeded
    assert "products of blocks" in (tmp_path / "dials.refine.log").read_text()
    assert "RMSDs by experiment" in result.log_path.read_text()


def test_the_server_forks_it_and_saves_its_start(
    served_dials: Dials, dials: Dials, folder: Path, tmp_path: Path
) -> None:
    cpu_s: list[float] = []
    for starting in (dials, served_dials):
        place = tmp_path / str(len(cpu_s))
        place.mkdir()
        result = programs.refine(
            starting, place, folder / "one.expt", folder / "one.refl", engine=RefinementEngine.BLOCKED
        )
        assert result.succeeded
        assert "products of blocks" in (place / "dials.refine.log").read_text()
        cpu_s.append(result.cpu_s)
    # Imports alone take more than a second; half of it is what a busy machine may blur.
    assert cpu_s[1] < cpu_s[0] - 0.5


def test_bad_input_is_told_as_dials_tells_it(dials: Dials, folder: Path, tmp_path: Path) -> None:
    result = programs.refine(
        dials, tmp_path, folder / "one.expt", Path("no.refl"), engine=RefinementEngine.BLOCKED
    )
    assert not result.succeeded
    assert "no.refl" in result.log_path.read_text()
