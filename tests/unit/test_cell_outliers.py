"""Outliers: which cells do not belong to the others, and the words that say why."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.services.blend_reference import ABSENT, FOLDER, SETS, reference_cells
from tests.services.lattice_bases import BODY_CENTRED, OBVERSE, in_axes

from beamloop.unit_cells.outliers import ROBUST_Z_LIMIT, CellOutlier, find_outliers, robust_z

pytestmark = pytest.mark.unit
needs_reference = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

ORTHORHOMBIC = [60.0, 64.5, 69.1, 90.0, 90.0, 90.0]
MONOCLINIC = [90.0, 50.0, 70.0, 90.0, 118.0, 90.0]
HEXAGONAL = [98.3, 98.3, 136.6, 90.0, 90.0, 120.0]
TRICLINIC = [50.0, 61.0, 72.0, 81.0, 97.0, 104.0]
CUBIC = [100.0, 100.0, 100.0, 90.0, 90.0, 90.0]


def crystals(cell: list[float], count: int = 12, seed: int = 1) -> NDArray[np.float64]:
    """Cells that differ by 0.03 % (standard deviation) in their lengths, as good crystals do."""
    spread = 0.0003 * np.random.default_rng(seed).standard_normal((count, 3))
    return np.hstack([np.array(cell[:3]) * (1 + spread), np.tile(cell[3:], (count, 1))])


def outlier_of(cell: list[float], odd: list[float]) -> CellOutlier:
    """Return the one outlier among twelve good crystals and an odd one."""
    (found,) = find_outliers(np.vstack([crystals(cell), odd]))
    assert found.serial == 13
    return found


@needs_reference
def test_exactly_the_two_doubled_cells_of_the_reference_are_named() -> None:
    cells = reference_cells("teha_like_41_seed1")
    found = find_outliers(cells)
    assert [(outlier.serial, outlier.reason, outlier.face) for outlier in found] == [
        (7, "doubled_axis", "ac"),
        (28, "doubled_axis", "ac"),
    ]
    assert found[0].sentence.startswith(
        "c is 2.00 times the others' c (273.60 against 136.62 Å): likely misindexed"
    )
    # Well below the limit of 5, as isomorphism.md says of this set.
    assert np.sort(robust_z(cells).max(axis=1))[-3] < 3.5


@needs_reference
@pytest.mark.parametrize("name", [name for name in SETS if "41" not in name])
def test_the_other_reference_sets_have_no_outliers(name: str) -> None:
    assert find_outliers(reference_cells(name)) == ()


def test_robust_z_is_the_distance_from_the_median_in_its_own_deviations() -> None:
    cells = [[edge] * 3 + [90.0] * 3 for edge in (99.0, 101.0, 100.0, 102.0, 110.0)]
    # Median 101 of 99 100 101 102 110; absolute deviations 2 1 0 1 9, their median 1: 9 / (1.4826 x 1).
    assert robust_z(cells)[4] == pytest.approx([9 / 1.4826] * 3)


def test_crystals_that_agree_better_than_a_thousandth_are_not_told_apart() -> None:
    cells = [[100.0] * 3 + [90.0] * 3] * 9 + [[100.49] * 3 + [90.0] * 3, [100.51] * 3 + [90.0] * 3]
    assert [outlier.serial for outlier in find_outliers(cells)] == [11]


@pytest.mark.parametrize("count", [1, 2])
def test_one_cell_or_two_have_no_outliers(count: int) -> None:
    assert find_outliers([ORTHORHOMBIC, [120, 64.5, 69.1, 90, 90, 90]][:count]) == ()


@pytest.mark.parametrize(
    ("cell", "odd", "reason", "words"),
    [
        (ORTHORHOMBIC, [60, 64.5, 138.2, 90, 90, 90], "doubled_axis", "c is 2.00 times the others' c"),
        (ORTHORHOMBIC, [60, 32.25, 69.1, 90, 90, 90], "halved_axis", "b is 0.50 times the others' b"),
        (ORTHORHOMBIC, [90, 64.5, 69.1, 90, 90, 90], "related_axis", "a is 1.50 times the others' a"),
        (ORTHORHOMBIC, [60, 64.5, 207.3, 90, 90, 90], "related_axis", "c is 3.00 times the others' c"),
        (ORTHORHOMBIC, [120, 129, 69.1, 90, 90, 90], "doubled_axis", "and b is 2.00 times"),
        (ORTHORHOMBIC, [64.5, 69.1, 60, 90, 90, 90], "other_setting", "Its axes are b,c,a of the others'"),
        (
            MONOCLINIC,
            in_axes(MONOCLINIC, [[-1, 0, -1], [0, -1, 0], [0, 0, 1]]),
            "other_setting",
            "same lattice",
        ),
        (HEXAGONAL, in_axes(HEXAGONAL, OBVERSE), "other_setting", "R-centred"),
        (in_axes(HEXAGONAL, OBVERSE), HEXAGONAL, "other_setting", "R-centred"),
        (CUBIC, in_axes(CUBIC, BODY_CENTRED), "other_setting", "I-centred"),
        (CUBIC, in_axes(CUBIC, [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]), "other_setting", "F-centred"),
        (
            TRICLINIC,
            in_axes(TRICLINIC, [[1, 1, 0], [0, 1, 0], [0, 0, 2]]),
            "doubled_axis",
            "Its c is 2 times a period",
        ),
        (
            TRICLINIC,
            in_axes(TRICLINIC, [[1, 2, 0], [0, 3, 1], [0, 0, 1]]),
            "related_axis",
            "3 times the volume",
        ),
        (ORTHORHOMBIC, [60, 64.5, 75, 90, 90, 90], "other_form", "C is 8.5 % longer, and no simple relation"),
        (
            ORTHORHOMBIC,
            [60, 64.5, 70.0, 90, 90, 90],
            "other_form",
            "C is 1.3 % longer: more than the others' scatter",
        ),
        (MONOCLINIC, [90, 50, 70, 90, 121, 90], "other_form", "Beta is 121.00 instead of 118.00 degrees"),
        (TRICLINIC, [40, 80, 90, 70, 80, 88], "other_form", "no simple relation"),
    ],
)
def test_the_reason_is_named(cell: list[float], odd: list[float], reason: str, words: str) -> None:
    found = outlier_of(cell, odd)
    assert found.reason == reason
    assert words.lower() in found.sentence.lower()


@pytest.mark.parametrize("odd", [[60, 64.5, 138.2, 90, 90, 90], [60, 32.25, 69.1, 90, 90, 90]])
def test_a_wrong_lattice_comes_with_what_to_do(odd: list[float]) -> None:
    assert outlier_of(ORTHORHOMBIC, odd).sentence.endswith(
        "likely misindexed; index again with the median cell."
    )


def test_cells_that_agree_with_each_other_are_a_form_of_their_own() -> None:
    form = crystals([63.0, 64.5, 69.1, 90.0, 90.0, 90.0], 3, seed=2)
    lone = [60.0, 64.5, 75.0, 90.0, 90.0, 90.0]
    found = find_outliers(np.vstack([crystals(ORTHORHOMBIC), form, lone]))
    assert [outlier.serial for outlier in found] == [13, 14, 15, 16]
    assert "as in 14, 15: another crystal form, a group of its own" in found[0].sentence
    assert "no simple relation" in found[3].sentence


@settings(deadline=None, max_examples=25)
@given(
    scale=st.floats(0.2, 5.0),
    order=st.permutations(range(13)),
    factor=st.sampled_from([2.0, 0.5, 3.0, 1.5]),
)
def test_neither_size_nor_order_changes_who_is_an_outlier(
    scale: float, order: list[int], factor: float
) -> None:
    cells = np.vstack([crystals(ORTHORHOMBIC), [60 * factor, 64.5, 69.1, 90, 90, 90]])
    cells[:, :3] *= scale
    (found,) = find_outliers(cells[np.array(order)])
    assert order[found.serial - 1] == 12
    assert found.robust_z > ROBUST_Z_LIMIT
    assert found.reason in {"doubled_axis", "halved_axis", "related_axis"}
