"""The common setting: one lattice shows as one, whatever its axes; what differs stays different."""

import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.services.blend_reference import ABSENT, FOLDER, SETS, reference_cells
from tests.services.lattice_bases import BODY_CENTRED, OBVERSE, PRIMITIVE_I23, in_axes

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.setting import CommonSetting, to_common_setting
from beamloop.unit_cells.variation import linear_cell_variation

pytestmark = pytest.mark.unit

MONOCLINIC = [90.0, 50.0, 70.0, 90.0, 130.9, 90.0]
HEXAGONAL = [98.3, 98.3, 136.6, 90.0, 90.0, 120.0]
ORTHORHOMBIC = [60.0, 64.5, 69.1, 90.0, 90.0, 90.0]
TRICLINIC = [50.0, 61.0, 72.0, 81.0, 97.0, 104.0]


def lcv_percent(cells: object) -> float:
    return linear_cell_variation(cells).lcv_percent  # type: ignore[arg-type]


def swollen(cell: Sequence[float], percent: float) -> list[float]:
    return [length * (1 + percent / 100) for length in cell[:3]] + list(cell[3:])


def axes_of(operator: str) -> list[list[float]]:
    """Read "1/2*a-b,...": rows of factors of a, b, c."""
    rows = []
    for part in operator.split(","):
        row = [0.0, 0.0, 0.0]
        for sign, factor, letter in re.findall(r"([+-]?)(?:([\d/]+)\*)?([abc])", part):
            row["abc".index(letter)] = float(Fraction(factor or "1")) * (-1 if sign == "-" else 1)
        rows.append(row)
    return rows


def test_permuted_orthorhombic_axes_are_told_from_real_differences() -> None:
    cells = [swollen(ORTHORHOMBIC, 0.14 * part) for part in (0.0, 0.2, 0.5, 1.0, 0.6)]
    cells[1] = [cells[1][place] for place in (1, 2, 0, 3, 4, 5)]
    cells[3] = [cells[3][place] for place in (2, 0, 1, 3, 4, 5)]
    common = to_common_setting(cells, ["P 21 21 21"] * 5)
    assert lcv_percent(cells) > 7.3
    assert f"{lcv_percent(common.cells):.2f}" == "0.14"
    assert common.operators == ("a,b,c", "c,a,b", "a,b,c", "b,c,a", "a,b,c")
    assert common.name == "conventional P"


def test_c2_and_i2_of_one_lattice_are_the_same() -> None:
    cells = [MONOCLINIC, MONOCLINIC, in_axes(MONOCLINIC, [[-1, 0, -1], [0, -1, 0], [0, 0, 1]])]
    common = to_common_setting(cells, ["C 2", "C 2", "I 2"])
    assert f"{lcv_percent(cells):.1f}" == "30.6"
    assert lcv_percent(common.cells) == pytest.approx(0, abs=1e-9)
    assert common.cells[0] == pytest.approx(MONOCLINIC)
    assert common.name == "conventional C"


def test_h3_and_r3_of_one_lattice_are_the_same() -> None:
    cells = [HEXAGONAL, HEXAGONAL, in_axes(HEXAGONAL, OBVERSE)]
    common = to_common_setting(cells, ["H 3", "H 3", "R 3:R"])
    assert f"{lcv_percent(cells):.1f}" == "56.8"
    assert lcv_percent(common.cells) == pytest.approx(0, abs=1e-9)
    assert common.operators == ("a,b,c", "a,b,c", "a-b,b-c,a+b+c")
    assert common.name == "conventional H"


def test_rhombohedral_axes_only_are_shown_as_hexagonal_ones() -> None:
    common = to_common_setting([in_axes(HEXAGONAL, OBVERSE)] * 2, ["R 3:R"] * 2)
    assert common.cells[0] == pytest.approx(HEXAGONAL)
    assert common.name == "conventional H"


def test_a_pseudo_tetragonal_swap_of_axes_is_undone() -> None:
    cells = [[78.1, 78.3, 37, 90, 90, 90], [78.3, 78.1, 37, 90, 90, 90], [78.1, 78.3, 37, 90, 90, 90]]
    assert f"{lcv_percent(cells):.2f}" == "0.21"
    assert lcv_percent(to_common_setting(cells, ["P 21 21 21"] * 3).cells) == pytest.approx(0, abs=1e-9)


def test_a_primitive_setting_of_dials_is_made_conventional_and_named() -> None:
    cubic = [[104.9] * 3 + [90.0] * 3, [1.0047 * 104.9] * 3 + [90.0] * 3]
    primitive = [in_axes(cell, BODY_CENTRED) for cell in cubic]
    common = to_common_setting(primitive, [PRIMITIVE_I23] * 2)
    assert common.name == "conventional I"
    np.testing.assert_allclose(common.cells, cubic, atol=1e-9)
    assert f"{linear_cell_variation(primitive).alcv_angstrom:.2f}" == "0.49"
    assert f"{linear_cell_variation(common.cells).alcv_angstrom:.2f}" == "0.70"


def test_a_doubled_axis_shows_as_a_doubled_axis_whatever_the_order_of_the_axes() -> None:
    odd = [60.0, 140.0, 50.0, 90.0, 90.0, 90.0]
    common = to_common_setting([[50.0, 60.0, 70.0, 90.0, 90.0, 90.0]] * 4 + [odd], ["P 21 21 21"] * 5)
    assert common.cells[4] == pytest.approx([50, 60, 140, 90, 90, 90])


def test_a_doubled_hexagonal_cell_keeps_its_axes() -> None:
    doubled = [98.25, 98.25, 273.6, 90.0, 90.0, 120.0]
    common = to_common_setting([HEXAGONAL] * 4 + [doubled], ["H 3"] * 5)
    assert common.cells[4] == pytest.approx(doubled)
    assert common.settings == ("conventional H",) * 5


def test_a_lattice_of_another_symmetry_comes_in_a_setting_of_its_own() -> None:
    other = [50.0, 80.0, 120.0, 90.0, 90.0, 90.0]
    cells = [HEXAGONAL, HEXAGONAL, HEXAGONAL, other, [other[place] for place in (2, 0, 1, 3, 4, 5)]]
    common = to_common_setting(cells, ["H 3"] * 3 + ["P 21 21 21"] * 2)
    assert common.name == "conventional H (3), conventional P (2)"
    assert common.cells[3] == pytest.approx(common.cells[4])


def test_triclinic_cells_of_the_first_search_join_the_lattice_they_belong_to() -> None:
    reduced = in_axes(HEXAGONAL, OBVERSE)
    measured = [
        value + error for value, error in zip(reduced, (0.05, -0.04, 0.02, 0.05, -0.03, 0.04), strict=True)
    ]
    common = to_common_setting([HEXAGONAL, HEXAGONAL, HEXAGONAL, measured], ["H 3"] * 3 + ["P 1"])
    # 0.05 A of 73 A and 0.05 degrees of 85 carry over to the hexagonal axes as some tenths of an angstrom.
    assert common.cells[3] == pytest.approx(HEXAGONAL, abs=0.3)
    assert all(common.symmetry_kept)


def test_triclinic_cells_only_are_reduced() -> None:
    cells = [TRICLINIC, in_axes(TRICLINIC, [[1, 1, 0], [0, 1, 0], [0, 1, 1]])]
    common = to_common_setting(cells, ["P 1", "P 1"])
    assert common.name == "reduced"
    assert common.cells[0] == pytest.approx(common.cells[1])


def test_screw_axes_are_not_put_where_there_are_none_for_a_little_gain() -> None:
    # a and c differ by 0.3 %, and only c has no screw: naming it a makes a false gain.
    cells = [[78.1, 60.0, 78.3, 90, 90, 90], [78.3, 60.0, 78.1, 90, 90, 90], [78.1, 60.0, 78.3, 90, 90, 90]]
    assert set(to_common_setting(cells, ["P 21 21 2"] * 3).operators) == {"a,b,c"}
    freed = to_common_setting(cells, ["P 2 2 2"] * 3)
    assert lcv_percent(freed.cells) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_axes_that_measurement_cannot_tell_apart_stay_as_they_are_given(seed: int) -> None:
    spread = 0.002 * np.random.default_rng(seed).standard_normal((20, 3))
    cells = np.hstack([np.array([60.0, 60.1, 70.0]) * (1 + spread), np.full((20, 3), 90.0)])
    operators = to_common_setting(cells, ["P 21 21 21"] * 20).operators
    # a and b differ by 0.17 %, each measurement by 0.2 %: of 20 one or so is far enough off to look swapped.
    assert operators.count("a,b,c") >= 18


@pytest.mark.parametrize("seed", range(5))
def test_axes_that_measurement_tells_apart_are_found_in_any_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    lengths = np.array([60.0, 60.5, 70.0]) * (1 + 0.001 * random.standard_normal((20, 3)))
    swapped = random.random(20) < 0.4
    lengths[swapped] = lengths[swapped][:, [1, 0, 2]]
    common = to_common_setting(np.hstack([lengths, np.full((20, 3), 90.0)]), ["P 21 21 21"] * 20)
    # a and b differ by six standard deviations of their difference: all 20 agree, in one of the two orders.
    first = common.cells[:, 0] < common.cells[:, 1]
    assert first.all() or not first.any()


def test_symmetry_on_the_wrong_axes_is_undone_and_told() -> None:
    odd = [ORTHORHOMBIC[place] for place in (1, 2, 0, 3, 4, 5)]
    monoclinic = to_common_setting([ORTHORHOMBIC] * 3 + [odd], ["P 1 21 1"] * 4)
    assert lcv_percent(monoclinic.cells) == pytest.approx(0, abs=1e-9)
    assert monoclinic.symmetry_kept == (True, True, True, False)


def test_cells_of_unknown_symmetry_keep_the_axes_of_most() -> None:
    odd = [HEXAGONAL[place] for place in (2, 0, 1, 5, 3, 4)]
    common = to_common_setting([HEXAGONAL, HEXAGONAL, odd], [""] * 3)
    assert common.name == "as given"
    assert common.cells[2] == pytest.approx(HEXAGONAL)


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
@pytest.mark.parametrize("name", SETS)
def test_the_reference_sets_are_in_a_common_setting_already(name: str) -> None:
    cells = reference_cells(name)
    groups = {"p": "I 2 3", "s": "P 21 3", "t": "H 3", "v": "P 43 21 2"}
    common = to_common_setting(cells, [groups[name[0]]] * len(cells))
    assert set(common.operators) == {"a,b,c"}
    np.testing.assert_allclose(common.cells, cells, atol=1e-9)


BASES = st.sampled_from(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 1], [0, -1, 0], [0, 0, -1]],
        [[1, 2, 0], [0, 1, 0], [0, 1, 1]],
        [[-1, 0, 0], [0, -1, 0], [1, 1, 1]],
    ]
)


@settings(deadline=None, max_examples=25)
@given(
    bases=st.lists(BASES, min_size=2, max_size=5), cell=st.sampled_from([TRICLINIC, ORTHORHOMBIC, HEXAGONAL])
)
def test_any_axes_of_one_lattice_come_to_the_same_cell_by_the_operators_that_are_told(
    bases: list[list[list[int]]], cell: list[float]
) -> None:
    cells = [in_axes(cell, basis) for basis in bases]
    common = to_common_setting(cells, [""] * len(cells))
    for given_cell, operator, found in zip(cells, common.operators, common.cells, strict=True):
        assert found == pytest.approx(common.cells[0], abs=1e-6)
        assert in_axes(given_cell, axes_of(operator)) == pytest.approx(list(found), abs=1e-6)


def test_no_operator_changes_the_hand() -> None:
    cells = [ORTHORHOMBIC, [ORTHORHOMBIC[place] for place in (1, 0, 2, 3, 4, 5)], in_axes(HEXAGONAL, OBVERSE)]
    common: CommonSetting = to_common_setting(cells, ["P 21 21 21", "P 21 21 21", "R 3:R"])
    assert all(np.linalg.det(axes_of(operator)) > 0 for operator in common.operators)


def test_a_space_group_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInputError, match="P 99"):
        to_common_setting([HEXAGONAL], ["P 99"])


def test_each_cell_needs_a_space_group() -> None:
    with pytest.raises(ValueError, match="2 cells have 1 space groups"):
        to_common_setting([HEXAGONAL, HEXAGONAL], ["H 3"])
