"""Three real sweeps of one L-cysteine crystal, Pilatus 2M, beamline I19-1 (doi 10.5281/zenodo.51405)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.records.outcome import OutcomeCode

IMAGES = Path(__file__).parents[3] / "shared/data/l_cysteine_images"
pytestmark = [
    pytest.mark.dials,
    pytest.mark.skipif(not IMAGES.is_dir(), reason="../shared/data/l_cysteine_images is not here"),
]

PARAMETERS = (
    "find_spots.spotfinder.filter.min_spot_size=2",
    "index.indexing.method=fft1d",
    "refine.outlier.algorithm=auto",
    "integrate.profile.fitting=True",
    "integrate.prediction.d_min=None",
    "integrate.prediction.d_max=None",
    "integrate.profile.gaussian_rs.min_spots.per_degree=0",
)
# Beamloop keeps the header's distance where there are so few spots; the figures below are with a free one.
FREE_DISTANCE = tuple(f"{step}.refinement.parameterisation.detector.fix=None" for step in ("index", "refine"))
PUBLISHED_CELL = (5.428, 8.141, 12.038)  # angstrom
# Indexed spots, RMSD x and y in px, integrated reflections: measured with DIALS 3.12.1 by plain commands.
# Outlier rejection is repeatable only from 3.30 on: 10 %.
MEASURED = {
    "l-cyst_01": (46, 0.126, 0.149, 75),
    "l-cyst_02": (28, 0.170, 0.223, 67),
    "l-cyst_03": (29, 0.146, 0.110, 60),
}


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str) -> Iterator[SweepBench]:
    made = open_bench(
        tmp_path,
        catalog_dsn,
        IMAGES,
        space_group="P212121",
        unit_cell="5.43,8.14,12.04,90,90,90",
        settings=(*PARAMETERS, *FREE_DISTANCE),
    )
    yield made
    made.services.catalog.close()


@pytest.mark.parametrize("sweep", MEASURED)
def test_a_real_sweep_reaches_mtz_with_the_figures_of_plain_dials(bench: SweepBench, sweep: str) -> None:
    outcome = bench.do(sweep)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    result = bench.result(sweep)
    indexed, rmsd_x_px, rmsd_y_px, integrated = MEASURED[sweep]
    assert result.indexed_count == pytest.approx(indexed, rel=0.1)
    assert result.rmsd_x_px == pytest.approx(rmsd_x_px, rel=0.1)
    assert result.rmsd_y_px == pytest.approx(rmsd_y_px, rel=0.1)
    assert result.summed_count == pytest.approx(integrated, rel=0.1)
    assert result.cell is not None
    # dials.md: refined alone, a is up to 1 % long because the distance is ill determined.
    assert result.cell[:3] == pytest.approx(PUBLISHED_CELL, rel=0.012)
    assert (bench.run_directory(sweep) / "export" / "integrated.mtz").stat().st_size > 0
