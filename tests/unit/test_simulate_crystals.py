"""Crystals, symmetry and spots of the simulator."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest

from beamloop.errors import InvalidInputError
from beamloop.records.sample import UnitCell
from beamloop.simulate.arrays import error_function
from beamloop.simulate.crystal import Crystal, make_crystal, make_second_crystal
from beamloop.simulate.drawing import draw_spots
from beamloop.simulate.geometry import Geometry, true_geometry
from beamloop.simulate.intensities import ReflectionList, draw_reflections, weaken_odd_l
from beamloop.simulate.pilatus import PIXEL_MM, silicon_attenuation_per_mm
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, DetectorPlan, SweepKind, SweepPlan
from beamloop.simulate.presets import PRESETS, make_sweeps
from beamloop.simulate.spots import Spots, predict_spots

pytestmark = pytest.mark.unit

CELLS = [
    ("P 1", UnitCell(31.0, 37.0, 41.0, 80.0, 95.0, 102.0)),
    ("C 1 2 1", UnitCell(60.0, 40.0, 50.0, 90.0, 105.0, 90.0)),
    ("P 21 21 21", UnitCell(40.0, 50.0, 60.0, 90.0, 90.0, 90.0)),
    ("P 43 21 2", UnitCell(50.0, 50.0, 38.0, 90.0, 90.0, 90.0)),
    ("H 3", UnitCell(50.0, 50.0, 70.0, 90.0, 90.0, 120.0)),
    ("I 2 3", UnitCell(60.0, 60.0, 60.0, 90.0, 90.0, 90.0)),
]


def listed(symbol: str, cell: UnitCell) -> tuple[gemmi.GroupOps, ReflectionList]:
    space_group = gemmi.SpaceGroup(symbol)
    reflections = draw_reflections(space_group, cell, 4.0, np.random.default_rng(3))
    return space_group.operations(), reflections


@pytest.mark.parametrize(("symbol", "cell"), CELLS)
def test_absent_reflections_are_left_out_and_all_others_are_there(symbol: str, cell: UnitCell) -> None:
    operations, reflections = listed(symbol, cell)
    everything = gemmi.make_miller_array(
        gemmi.UnitCell(*cell.as_tuple()), gemmi.SpaceGroup("P 1"), 4.0, unique=False
    )
    present = everything[~operations.systematic_absences(everything)]
    assert {tuple(h) for h in reflections.hkl.tolist()} == {tuple(h) for h in present.tolist()} - {(0, 0, 0)}
    assert len({tuple(h) for h in reflections.hkl.tolist()}) == len(reflections.hkl)


@pytest.mark.parametrize(("symbol", "cell"), CELLS)
def test_equivalent_reflections_have_the_same_intensity(symbol: str, cell: UnitCell) -> None:
    operations, reflections = listed(symbol, cell)
    value = dict(
        zip(map(tuple, reflections.hkl.tolist()), reflections.normalized_intensity.tolist(), strict=True)
    )
    for hkl in reflections.hkl[::7].tolist():
        for operation in operations.sym_ops:
            assert value[tuple(operation.apply_to_hkl(hkl))] == value[tuple(hkl)]
        assert value[tuple(-index for index in hkl)] == value[tuple(hkl)]


def test_normalised_intensities_have_a_mean_of_one() -> None:
    _, reflections = listed("P 1", UnitCell(60.0, 70.0, 80.0, 80.0, 95.0, 102.0))
    # 10 000 independent values, exponentially distributed: the mean's standard error is 0.01.
    assert reflections.normalized_intensity.mean() == pytest.approx(1.0, abs=0.04)


def test_a_doubled_axis_weakens_odd_l_only() -> None:
    _, before = listed("H 3", CELLS[4][1])
    after = weaken_odd_l(before, 0.5)
    odd = before.hkl[:, 2] % 2 == 1
    assert np.array_equal(after.normalized_intensity[odd], 0.5 * before.normalized_intensity[odd])
    assert np.array_equal(after.normalized_intensity[~odd], before.normalized_intensity[~odd])


def crystals(kind: SweepKind, count: int, sample: CrystalPlan) -> list[Crystal]:
    plan = CollectionPlan(make_sweeps([kind] * count, 1), crystal=sample)
    made = [make_crystal(plan, index) for index in range(count)]
    return [crystal for crystal in made if crystal is not None]


@pytest.mark.parametrize(("symbol", "cell"), CELLS)
def test_spread_cells_keep_the_symmetry(symbol: str, cell: UnitCell) -> None:
    for crystal in crystals(SweepKind.GOOD, 5, CrystalPlan(symbol, cell, cell_spread_fraction=0.01)):
        spread = gemmi.UnitCell(*crystal.unit_cell.as_tuple())
        assert spread.is_compatible_with_spacegroup(crystal.space_group, 1e-6)
        assert crystal.unit_cell != cell


def test_a_tilted_reciprocal_basis_gives_the_d_spacings_of_the_cell() -> None:
    symbol, cell = CELLS[0]
    (crystal,) = crystals(SweepKind.GOOD, 1, CrystalPlan(symbol, cell))
    expected = gemmi.UnitCell(*crystal.unit_cell.as_tuple())
    for hkl in ([1, 0, 0], [0, 2, -1], [3, -4, 5]):
        length = np.linalg.norm(crystal.a_matrix @ np.array(hkl))
        assert 1.0 / length == pytest.approx(expected.calculate_d(hkl), rel=1e-9)


def test_outliers_differ_as_the_plan_says() -> None:
    sample = CrystalPlan(cell_spread_fraction=0.0)
    (stretched,) = crystals(SweepKind.CELL_OUTLIER, 1, sample)
    (doubled,) = crystals(SweepKind.DOUBLED_AXIS, 1, sample)
    assert stretched.unit_cell.a_angstrom == pytest.approx(98.3 * 1.025, rel=1e-9)
    assert stretched.unit_cell.c_angstrom == pytest.approx(136.6 * 0.975, rel=1e-9)
    assert doubled.unit_cell.c_angstrom == pytest.approx(2 * 136.6, rel=1e-9)


def test_orientations_do_not_favour_a_direction() -> None:
    axes = np.array([crystal.orientation[:, 2] for crystal in crystals(SweepKind.GOOD, 400, CrystalPlan())])
    # Each component has mean 0, mean square 1/3; standard errors 0.03 and 0.015, bounds at 4 of them.
    assert np.abs(axes.mean(axis=0)).max() < 0.12
    assert np.abs((axes**2).mean(axis=0) - 1 / 3).max() < 0.06


@pytest.mark.parametrize(
    ("sample", "kind", "words"),
    [
        (CrystalPlan("P 99"), SweepKind.GOOD, "no space group 'P 99'"),
        (CrystalPlan("I 2 3"), SweepKind.GOOD, "does not have the symmetry of I 2 3"),
        (CrystalPlan("I 2 3", CELLS[5][1]), SweepKind.DOUBLED_AXIS, "cannot be doubled"),
    ],
)
def test_a_crystal_that_cannot_be_is_refused(sample: CrystalPlan, kind: SweepKind, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        crystals(kind, 1, sample)


def one_spot(geometry: Geometry, x_px: float, y_px: float) -> Spots:
    panel = next(
        number
        for number, panel in enumerate(geometry.panels)
        if panel.first_pixel[0] <= x_px < panel.first_pixel[0] + 487
        and panel.first_pixel[1] <= y_px < panel.first_pixel[1] + 195
    )
    return Spots(
        hkl=np.array([[1, 2, 3]], dtype=np.int32),
        panel=np.array([panel]),
        x_px=np.array([x_px]),
        y_px=np.array([y_px]),
        phi_deg=np.array([3.2]),
        photons=np.array([1e6]),
        sigma_px=np.array([0.8]),
        sigma_phi_deg=np.array([0.3]),
    )


def test_a_spot_is_centred_where_it_is_predicted_in_x_y_and_phi() -> None:
    geometry = true_geometry(DetectorPlan(), 1)
    spots = one_spot(geometry, 300.3, 100.85)
    totals, centroids = [], []
    for image in range(12):
        pixels, means = draw_spots(spots, geometry, 0.5 * image, 0.5 * (image + 1), 981)
        totals.append(means.sum())
        if len(pixels):
            centroids.append([np.average(pixels % 981 + 0.5, weights=means)])
            centroids[-1].append(np.average(pixels // 981 + 0.5, weights=means))
    # Cutting the spot off at four standard deviations moves its centre by less than 1e-3 px.
    assert np.allclose(centroids, [[300.3, 100.85]], atol=1e-3)
    assert np.average(np.arange(12) * 0.5 + 0.25, weights=totals) == pytest.approx(3.2, abs=1e-3)
    assert sum(totals) == pytest.approx(1e6, rel=1e-3)
    assert len(centroids) > 3


def test_a_spot_at_a_modules_edge_sends_nothing_into_the_gap() -> None:
    geometry = true_geometry(DetectorPlan(), 1)
    pixels, _ = draw_spots(one_spot(geometry, 486.5, 100.0), geometry, 3.0, 3.5, 981)
    assert (pixels % 981).max() == 486


def test_moved_detectors_move_the_spots() -> None:
    plan = CollectionPlan((SweepPlan("a_1"),), detector=DetectorPlan("300K", 130.0))
    crystal = make_crystal(plan, 0)
    assert crystal is not None
    sample = plan.crystal
    reflections = draw_reflections(gemmi.SpaceGroup("H 3"), sample.unit_cell, 4.0, np.random.default_rng(1))
    header = predict_spots(plan, crystal, reflections, true_geometry(plan.detector, 1), 0)
    moved = true_geometry(replace(plan.detector, beam_offset_px=(2.0, -1.0)), 1)
    shifted = predict_spots(plan, crystal, reflections, moved, 0)
    at = {(tuple(h), round(f, 6)): (x, y) for h, f, x, y in rows(header)}
    shifts = [
        (x - at[tuple(h), round(f, 6)][0], y - at[tuple(h), round(f, 6)][1])
        for h, f, x, y in rows(shifted)
        if (tuple(h), round(f, 6)) in at
    ]
    assert len(shifts) > 100
    assert np.allclose(shifts, [(2.0, -1.0)], atol=1e-9)


def rows(spots: Spots) -> list[tuple[list[int], float, float, float]]:
    columns = (spots.hkl.tolist(), spots.phi_deg.tolist(), spots.x_px.tolist(), spots.y_px.tolist())
    return list(zip(*columns, strict=True))


def test_the_true_beam_hits_the_true_beam_centre_whatever_the_tilt() -> None:
    plan = DetectorPlan(distance_offset_mm=0.5, beam_offset_px=(1.4, -1.1), tilt_mrad=(20.0, -30.0))
    panel = true_geometry(plan, 1).panels[0]
    centre = np.array([981 / 2 + 1.4, 1043 / 2 - 1.1]) * PIXEL_MM
    hit = np.array(panel.origin_mm) + centre @ np.array([panel.fast_axis, panel.slow_axis])
    assert np.allclose(hit, [0.0, 0.0, -240.5], atol=1e-9)


def test_module_shifts_have_the_size_asked_for_and_no_mean() -> None:
    still = true_geometry(DetectorPlan("6M"), 1).panels
    moved = true_geometry(DetectorPlan("6M", module_shift_rms_um=30.0), 1).panels
    shifts = np.array([np.subtract(m.origin_mm, s.origin_mm) for m, s in zip(moved, still, strict=True)])
    assert np.allclose(shifts.mean(axis=0), 0.0, atol=1e-9)
    # 60 modules: the RMS of each direction is known to 9 %; bounds at three times that.
    assert np.sqrt((shifts[:, :2] ** 2).mean()) == pytest.approx(0.030, rel=0.27)


def test_silicon_absorbs_as_in_the_tables_of_dxtbx() -> None:
    # cctbx.eltbx.attenuation_coefficient.get_table("Si").mu_at_angstrom(x) / 10, DIALS 3.12.1
    for wavelength_angstrom, per_mm in ((0.7, 1.4830), (0.978, 3.9427), (1.5, 13.710)):
        assert silicon_attenuation_per_mm(wavelength_angstrom) == pytest.approx(per_mm, rel=1e-3)


def test_the_error_function_is_that_of_the_tables() -> None:
    assert np.allclose(
        error_function(np.array([-1.0, 0.0, 0.5, 2.0])), [-0.8427008, 0.0, 0.5204999, 0.9953223], atol=2e-7
    )


def test_a_second_crystal_has_another_orientation_and_leaves_the_first_as_it_is() -> None:
    plan = PRESETS["tiny2"](1)
    alone = plan.sweeps[0]
    both = replace(plan, sweeps=(replace(alone, second_crystal_fraction=0.5), *plan.sweeps[1:]))
    first, second = make_crystal(both, 0), make_second_crystal(both, 0)
    before = make_crystal(plan, 0)
    assert first is not None
    assert second is not None
    assert before is not None
    assert np.array_equal(first.orientation, before.orientation)
    assert second.photons == pytest.approx(0.5 * first.photons)
    assert second.unit_cell == first.unit_cell
    cosine = (np.trace(first.orientation.T @ second.orientation) - 1) / 2
    assert np.degrees(np.arccos(cosine)) > 5  # closer ones would be one split crystal
    assert make_second_crystal(plan, 0) is None


def test_a_split_crystal_is_the_first_one_turned_by_as_much_as_asked() -> None:
    plan = PRESETS["tiny2"](1)
    split = replace(plan.sweeps[0], second_crystal_fraction=0.7, second_crystal_turn_deg=1.0)
    plan = replace(plan, sweeps=(split,))
    first, second = make_crystal(plan, 0), make_second_crystal(plan, 0)
    assert first is not None
    assert second is not None
    assert second.unit_cell == first.unit_cell
    turn = second.orientation @ first.orientation.T
    angle_deg = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
    assert angle_deg == pytest.approx(1.0, abs=1e-6)
