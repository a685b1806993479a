"""Which rungs are tried, in which order, and which lattice is accepted."""

from dataclasses import replace
from pathlib import Path

import pytest

from beamloop.records.images import NumberedImages
from beamloop.records.run import CrystalFact
from beamloop.records.rung_record import RungRecord
from beamloop.records.sample import Sample, UnitCell
from beamloop.sweep.acceptance import HIGHEST_CHANCE, Lattice, chance_of, why_not
from beamloop.sweep.ladder import choose_rungs, method_asked_for

pytestmark = pytest.mark.unit

CELL = UnitCell(98.3, 98.3, 136.6, 90, 90, 120)
KNOWN = Sample("H 3", CELL)
IMAGES = NumberedImages(Path("/data"), "x_", 5, ".cbf", 1, 12)
ORIENTATION = "orientation, known cell, weak spots too"
BEAM_SEARCH = "fft1d, known cell, beam centre searched"


def methods(sample: Sample, *options: str, records: tuple[RungRecord, ...] = ()) -> list[str]:
    return [rung.method for rung in choose_rungs(sample, IMAGES, options, records)]


def test_a_known_cell_is_searched_for_first_and_by_the_cheapest_method() -> None:
    assert methods(KNOWN)[:3] == ["fft1d, known cell", ORIENTATION, "fft1d, no symmetry"]


@pytest.mark.parametrize("sample", [Sample(), Sample("H 3"), Sample(None, CELL)])
def test_without_cell_and_symmetry_no_rung_asks_for_them(sample: Sample) -> None:
    rungs = choose_rungs(sample, IMAGES, ())
    assert rungs[0].method == "fft1d, no symmetry"
    assert not any(rung.with_cell or rung.algorithm == "real_space_grid_search" for rung in rungs)


def test_a_method_that_a_person_asks_for_is_the_only_one() -> None:
    rungs = choose_rungs(KNOWN, IMAGES, ("indexing.method=fft1d", "indexing.method=fft3d"))
    assert {rung.algorithm for rung in rungs} == {"fft3d"}
    assert rungs[0].method == "fft3d, known cell"
    assert not any(rung.by_orientation for rung in choose_rungs(KNOWN, IMAGES, ("indexing.method=fft1d",)))
    assert len({rung.method for rung in rungs}) == len(rungs)


def test_a_method_that_needs_a_cell_has_no_rung_without_one() -> None:
    assert methods(Sample(), "indexing.method=real_space_grid_search") == []


def test_an_option_of_another_scope_names_no_method() -> None:
    assert method_asked_for(["indexing.index_assignment.method=local"]) is None


def test_the_first_images_are_left_out_of_whole_sweeps_only() -> None:
    trimmed = [rung for rung in choose_rungs(KNOWN, IMAGES, ()) if rung.index_options]
    assert [rung.index_options for rung in trimmed] == [("indexing.image_range=3,12",)]
    for images in (replace(IMAGES, missing=(5,)), replace(IMAGES, last=4)):
        assert not any(rung.index_options for rung in choose_rungs(KNOWN, images, ()))


def test_what_has_worked_on_the_beamline_comes_before_what_has_not() -> None:
    worked = RungRecord(BEAM_SEARCH, tries=40, successes=35, cpu_s=100.0)
    failed = RungRecord("fft1d, no symmetry", tries=40, successes=0, cpu_s=180.0)
    usual = methods(KNOWN)
    learned = methods(KNOWN, records=(worked, failed))
    assert usual.index("fft1d, no symmetry") < usual.index(BEAM_SEARCH)
    assert learned[1] == BEAM_SEARCH
    assert learned.index("fft1d, no symmetry") > 3
    assert sorted(learned) == sorted(usual)


def test_the_first_rung_stays_the_first_whatever_the_records_say() -> None:
    poor = RungRecord("fft1d, known cell", tries=40, successes=0, cpu_s=80.0)
    assert methods(KNOWN, records=(poor,))[0] == "fft1d, known cell"


def test_one_lucky_try_does_not_turn_the_order_over() -> None:
    lucky = RungRecord("fft3d, no symmetry", tries=1, successes=1, cpu_s=9.0)
    assert methods(KNOWN, records=(lucky,))[1] == ORIENTATION


def lattice(indexed: int, spots: int, rmsd_mm: float | None = 0.05) -> Lattice:
    fact = CrystalFact(
        1, "H 3", CELL.as_tuple(), None, indexed, rmsd_mm, rmsd_mm, None, None, None, 240.0, 84.0, 90.0
    )
    return Lattice(fact, spots, 0.978)


@pytest.mark.parametrize(("indexed", "spots"), [(12, 12), (30, 60), (55, 120), (119, 120), (3000, 9000)])
def test_a_lattice_far_beyond_chance_is_accepted(indexed: int, spots: int) -> None:
    assert why_not(lattice(indexed, spots), CELL) == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lattice(25, 120), "25 of 120 spots; 25% are needed"),  # as fft1d did on random spots
        (lattice(47, 300), "47 of 300 spots; 25% are needed"),  # as the real-space grid search did
        (lattice(8, 8), "as random spots may be"),
        (lattice(14, 20), "as random spots may be"),
        (lattice(110, 120, rmsd_mm=0.26), "hardly better than chance"),
        (lattice(110, 120, rmsd_mm=None), "hardly better than chance"),
    ],
)
def test_a_lattice_that_chance_can_make_is_refused(found: Lattice, words: str) -> None:
    assert words in why_not(found)


@pytest.mark.parametrize(
    ("indexed", "close", "spots", "accepted"),
    [
        (20, 18, 37, True),  # a wedge with as many stray spots as its own
        (11, 11, 12, True),
        (11, 10, 12, False),
        (13, 5, 30, False),  # a chance lattice of a wedge with twelve spots of its own
        (6, 6, 6, False),
    ],
)
def test_spots_that_lie_close_prove_what_their_number_alone_does_not(
    indexed: int, close: int, spots: int, *, accepted: bool
) -> None:
    assert why_not(lattice(indexed, spots)) != ""
    assert (why_not(replace(lattice(indexed, spots), close_count=close)) == "") is accepted


def test_an_orientation_that_chance_does_not_make_proves_what_few_spots_do_not() -> None:
    few = lattice(9, 20)
    assert "as random spots may be" in why_not(few)
    assert why_not(replace(few, start_chance=HIGHEST_CHANCE)) == ""
    assert "25% are needed" in why_not(replace(lattice(9, 40), start_chance=0.0))


def test_a_known_cell_must_be_the_one_that_is_found() -> None:
    other = UnitCell(106.0, 106.0, 136.6, 90, 90, 120)
    assert "not the known one" in why_not(lattice(119, 120), other)


def test_the_bound_on_chance_is_above_the_exact_value_and_meets_it_where_every_spot_fits() -> None:
    p = 4 / 3 * 3.141592653589793 * 0.3**3
    assert chance_of(12, 12) == pytest.approx(p**9, rel=1e-9)
    assert p**9 < HIGHEST_CHANCE
    # 5 of 7 free spots exactly: 21 p^5 (1-p)^2 + 7 p^6 (1-p) + p^7
    assert chance_of(8, 10) > 21 * p**5 * (1 - p) ** 2 + 7 * p**6 * (1 - p) + p**7


def test_a_lattice_of_a_hundred_thousand_spots_can_be_judged() -> None:
    assert why_not(lattice(60_000, 100_000)) == ""
