"""The ladder with real DIALS: what it finds on wedges made hard, and that it finds nothing in noise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.services.random_spots import write_random_spots
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.catalog.runs import load_run
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.reflection_table import Flag, read_reflections
from beamloop.dials_cli.spot_vectors import spot_vectors
from beamloop.records.outcome import OutcomeCode
from beamloop.records.run import RungFact
from beamloop.records.siblings import Siblings
from beamloop.simulate import read_truth, write_collection
from beamloop.simulate.plan import CollectionPlan, SweepKind
from beamloop.simulate.presets import PRESETS
from beamloop.sweep import import_images
from beamloop.sweep.ladder import choose_rungs
from beamloop.sweep.rungs import ORIENTED, climb, sweep_inputs
from beamloop.sweep.work import REPORTS, StepWork

pytestmark = pytest.mark.dials

CELL = "98.3,98.3,136.6,90,90,120"
TWO_LATTICES, OFF_CENTRE, BLANK, DOUBLED = "xtal1_1", "xtal2_1", "xtal3_1", "xtal4_1"


def hard_plan() -> CollectionPlan:
    """Two lattices in a sweep, a weak wedge, a blank, a doubled c; the beam 2.2 px off its place."""
    plan = PRESETS["tiny2"](1)
    sweep = plan.sweeps[0]
    return replace(
        plan,
        sweeps=(
            replace(sweep, name=TWO_LATTICES, second_crystal_fraction=0.7),
            replace(sweep, name=OFF_CENTRE, images=6),
            replace(sweep, name=BLANK, kind=SweepKind.BLANK),
            replace(sweep, name=DOUBLED, kind=SweepKind.DOUBLED_AXIS, images=6),
        ),
        detector=replace(plan.detector, beam_offset_px=(1.6, -1.5)),
        crystal=replace(plan.crystal, photons=6.0),
    )


@pytest.fixture(scope="module")
def hard_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "hard"
    write_collection(hard_plan(), folder)
    return folder


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str, hard_images: Path) -> Iterator[SweepBench]:
    made = open_bench(tmp_path, catalog_dsn, hard_images, space_group="H 3", unit_cell=CELL)
    yield made
    made.services.catalog.close()


def rungs_of(bench: SweepBench, sweep: str) -> tuple[RungFact, ...]:
    return REPORTS.read(bench.run_directory(sweep) / "index").rungs


def test_a_second_lattice_is_told_and_the_stronger_processed(bench: SweepBench) -> None:
    assert bench.do(TWO_LATTICES, "import", "find_spots", "index") is None
    report = REPORTS.read(bench.run_directory(TWO_LATTICES) / "index")
    assert "a second lattice indexes" in report.finding
    second = next(rung for rung in report.rungs if rung.method.endswith("spots left over"))
    assert not second.accepted
    assert report.crystals[0].indexed_count >= second.indexed_count
    assert not any(rung.method.startswith("larger cell") for rung in report.rungs)
    assert [crystal.space_group for crystal in report.crystals] == ["H 3"]


def test_the_true_cell_is_processed_where_one_half_as_large_was_known(
    bench: SweepBench, hard_images: Path
) -> None:
    outcome = bench.do(DOUBLED)
    assert outcome is not None
    assert outcome.code is OutcomeCode.PROCESSED
    assert "Mind the cell: c is 2.0" in outcome.sentence
    rungs = rungs_of(bench, DOUBLED)
    known, larger = [rung for rung in rungs if rung.accepted]
    assert (known.method.split(", ")[1], larger.method) == ("known cell", "larger cell")
    assert larger.indexed_count > known.indexed_count
    crystal = read_truth(hard_images).sweep(DOUBLED).crystal
    assert crystal is not None
    # A wedge of 3 degrees refined alone; wedges of 4 came within 0.16 % on average (dials.md).
    assert bench.result(DOUBLED).cell == pytest.approx(crystal.unit_cell.as_tuple(), rel=0.005)


def test_a_weak_wedge_with_the_beam_off_its_centre_is_indexed_and_each_rung_explained(
    bench: SweepBench,
) -> None:
    assert bench.do(OFF_CENTRE, "import", "find_spots", "index") is None
    rungs = rungs_of(bench, OFF_CENTRE)
    assert [rung.accepted for rung in rungs] == [False] * (len(rungs) - 1) + [True]
    assert all(rung.reason and rung.finding and rung.cpu_s > 0 for rung in rungs)


@pytest.mark.parametrize(("distance_mm", "is_taken"), [(129.5, True), (190.0, False)])
def test_a_second_chance_puts_the_detector_where_its_siblings_have_theirs(
    bench: SweepBench, distance_mm: float, *, is_taken: bool
) -> None:
    with bench.services.catalog.transaction() as connection:
        run = load_run(connection, bench.runs[OFF_CENTRE])
    parameters = replace(run.parameters, siblings=Siblings(9, distance_mm, 42.2, 53.0))
    staging = bench.folder / ".staging-import"
    staging.mkdir()
    second = replace(run, parameters=parameters)
    finding = import_images.perform(StepWork(second, "import", bench.folder, staging, bench.services.dials))
    assert finding.outcome is None, finding.text
    assert ("9 siblings" in finding.text) is is_taken
    detector = read_experiments(staging / "imported.expt").experiments[0].detector
    header = PRESETS["tiny2"](1).detector
    expected = (129.5, 42.2, 53.0) if is_taken else (header.distance_mm, 487 / 2 * 0.172, 619 / 2 * 0.172)
    assert (detector.distance_mm, detector.beam_x_mm, detector.beam_y_mm) == pytest.approx(expected, abs=1e-3)


def climb_one(bench: SweepBench, method: str, siblings: Siblings | None = None) -> Path:
    """Index the wedge off the centre by one rung, where siblings have the detector; where its files are."""
    assert bench.do(OFF_CENTRE, "import", "find_spots") is None
    with bench.services.catalog.transaction() as connection:
        run = load_run(connection, bench.runs[OFF_CENTRE])
    run = replace(run, parameters=replace(run.parameters, siblings=siblings))
    directory = bench.run_directory(OFF_CENTRE)
    again = directory / ".staging-import"
    again.mkdir()
    import_images.perform(StepWork(run, "import", directory, again, bench.services.dials))
    folder = directory / ".staging-index" / "rung-1"
    folder.mkdir(parents=True)
    work = StepWork(run, "index", directory, folder.parent, bench.services.dials)
    chosen = next(r for r in choose_rungs(run.parameters.sample, run.images, ()) if r.method == method)
    inputs = replace(sweep_inputs(work), experiments=again / "imported.expt")
    finding = climb(work, chosen, folder, inputs)
    assert finding.outcome is None, finding.text
    return folder


def test_the_known_cells_orientation_is_found_where_siblings_have_the_detector(bench: SweepBench) -> None:
    offset_px = hard_plan().detector.beam_offset_px
    beam_mm = [(size / 2 + offset) * 0.172 for size, offset in zip((487, 619), offset_px, strict=True)]
    folder = climb_one(bench, "orientation, known cell, weak spots too", Siblings(9, 130.0, *beam_mm))
    start, end = (read_experiments(folder / name).experiments[0] for name in (ORIENTED, "indexed.expt"))
    assert start.crystal is not None
    assert end.crystal is not None
    assert (start.crystal.space_group, end.crystal.space_group) == ("P 1", "H 3")
    # DIALS's own vectors, with parallax and by the models before the last refinement: up to 2.1 pixels
    # apart, of 0.172 mm at 130 mm; 0.4 near the beam.
    table = read_reflections(folder / "indexed.refl")
    apart = spot_vectors(folder / "indexed.expt", folder / "indexed.refl") - table["rlp"]
    assert np.linalg.norm(apart, axis=1).max() < 3 * 0.172 / 130 / 0.978


def test_with_the_first_images_left_out_a_lattice_is_found_in_the_others_alone(bench: SweepBench) -> None:
    folder = climb_one(bench, "fft1d, known cell, first images left out")
    table = read_reflections(folder / "indexed.refl")
    # Image 1 ends where z is 1; a spot's place is the middle of its rocking curve.
    assert table["xyzobs.px.value"][table.has(Flag.INDEXED)][:, 2].min() >= 1.0


def test_a_blank_sweep_never_comes_to_the_ladder(bench: SweepBench) -> None:
    outcome = bench.do(BLANK)
    assert outcome is not None
    assert outcome.code in (OutcomeCode.NO_SPOTS, OutcomeCode.TOO_FEW_SPOTS)


def test_no_rung_accepts_a_lattice_of_random_spots_and_the_outcome_names_what_was_tried(
    tmp_path: Path, catalog_dsn: str, hard_images: Path
) -> None:
    settings = ("index.indexing.method=fft1d",)  # it makes a lattice of 25 of 120 random spots
    bench = open_bench(
        tmp_path, catalog_dsn, hard_images, space_group="H 3", unit_cell=CELL, settings=settings
    )
    assert bench.do(BLANK, "import") is None
    found = bench.run_directory(BLANK) / "find_spots"
    found.mkdir()
    write_random_spots(found / "strong.refl", 120, image_count=4, size_px=(487, 619))
    outcome = bench.do(BLANK, "index")
    assert outcome is not None
    assert outcome.code is OutcomeCode.NO_LATTICE
    rungs = rungs_of(bench, BLANK)
    assert len(rungs) > 3
    assert not any(rung.accepted for rung in rungs)
    assert all(rung.method in outcome.sentence for rung in rungs)
