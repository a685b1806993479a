"""Who can share beam, detector and goniometer, and how too many crystals are divided."""

from dataclasses import replace

import pytest
from tests.services.joint_figures import GONIOMETER, MODEL, crystal, with_detector

from beamloop.joint.divide import divide
from beamloop.joint.setup import shared_models, strangers
from beamloop.unit_cells.enough import fewest_reflections

pytestmark = pytest.mark.unit

TURNED_BY_A_DEGREE = (1.0, 0.0, 0.0, 0.0, 0.99985, -0.01745, 0.0, 0.01745, 0.99985)


def test_crystals_of_one_setup_are_no_strangers_to_each_other() -> None:
    # Singly refined wedges of one setup (polyhedra) differ so: 508.2 to 513.9 mm.
    models = [with_detector(distance_mm=distance) for distance in (508.2, 510.6, 513.9)]
    assert strangers([crystal(n, model=model) for n, model in enumerate(models)]) == {}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (with_detector(distance_mm=300.0), "stood at 300.0 mm, the others' at 250.0 mm"),
        (with_detector(beam_x_mm=184.6), "100.0 mm from where the others' does"),
        (with_detector(panel_count=24), "imported in 24 panels, the others' in 1, as it is when a geometry"),
        (with_detector(panel_count=24, pixel_size_mm=(0.075, 0.075)), "another detector"),
        (with_detector(pixel_size_mm=(0.075, 0.075)), "another detector"),
        (replace(MODEL, wavelength_angstrom=0.98), "wavelength was 0.98000 Å, the others' 0.97800 Å"),
    ],
)
def test_a_crystal_of_another_setup_is_named_with_the_reason(model: object, words: str) -> None:
    crystals = [crystal(1), crystal(2), crystal(3, model=model)]  # type: ignore[arg-type]
    found = strangers(crystals)
    assert list(found) == [(3, 1)]
    assert words in found[crystals[2].key]


def test_the_goniometer_is_shared_where_kappa_is_the_same_only() -> None:
    kappa = replace(MODEL, goniometer=replace(GONIOMETER, fixed_rotation=TURNED_BY_A_DEGREE))
    assert shared_models([crystal(1), crystal(2)]) == ("beam", "detector", "goniometer")
    assert shared_models([crystal(1), crystal(2, model=kappa)]) == ("beam", "detector")
    setting = replace(MODEL, goniometer=replace(GONIOMETER, setting_rotation=TURNED_BY_A_DEGREE))
    assert shared_models([crystal(1), crystal(2, model=setting)]) == ("beam", "detector")


def test_stills_share_no_goniometer() -> None:
    assert shared_models([crystal(1, model=replace(MODEL, goniometer=None))]) == ("beam", "detector")


def test_few_crystals_are_not_divided() -> None:
    crystals = [crystal(n) for n in range(60)]
    division = divide(crystals, 60)
    assert division.anchor == tuple(crystals)
    assert division.parts == ()


def test_the_strongest_crystals_are_the_anchor_and_no_crystal_is_lost() -> None:
    crystals = [crystal(n, used=100 + (37 * n) % 101) for n in range(25)]
    division = divide(crystals, 10)
    everyone = [*division.anchor, *(one for part in division.parts for one in part)]
    assert sorted(one.run_id for one in everyone) == list(range(25))
    assert [len(division.anchor), *map(len, division.parts)] == [10, 7, 8]
    weakest = min(one.before.used_count for one in division.anchor)
    assert all(one.before.used_count <= weakest for part in division.parts for one in part)
    # The order of the files is the order of the report, whatever the strength.
    assert [one.run_id for one in division.anchor] == sorted(one.run_id for one in division.anchor)


@pytest.mark.parametrize(
    ("space_group", "fewest"),
    [
        ("P 1", 45),
        ("C 2y", 35),
        ("P 2ac 2ab", 30),
        ("R 3", 25),
        ("H 3", 25),
        ("R 3:R", 25),
        ("P 43 21 2", 25),
        ("R 3 (-y+z,x+z,-x+y+z)", 25),
        ("I 2 2 3", 20),
        ("I 2 2 3 (y+z,x+z,x+y)", 20),
    ],
)
def test_a_crystal_needs_five_reflections_for_each_free_parameter(space_group: str, fewest: int) -> None:
    assert fewest_reflections(space_group) == fewest
