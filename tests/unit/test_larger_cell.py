"""When spots between a lattice's points prove a larger cell, and what is said of it."""

import json
from pathlib import Path
from types import SimpleNamespace

import gemmi
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.services.scripted_dials import scripted_work
from tests.unit.test_ladder import lattice

from beamloop.dials_cli.crystal import summarise_crystal
from beamloop.dials_cli.crystal_writing import primitive_axes, write_primitive, write_with_axes
from beamloop.errors import InvalidInputError
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import Sample, UnitCell
from beamloop.sweep import larger_cell
from beamloop.sweep.attempt import Attempt
from beamloop.sweep.between_points import find_between
from beamloop.sweep.cell_words import against_known
from beamloop.sweep.known_rungs import SIMPLE_RUNGS, Rung
from beamloop.sweep.rungs import Inputs
from beamloop.sweep.work import Finding, StepWork, stopped

pytestmark = pytest.mark.unit

Floats = NDArray[np.float64]
KNOWN = Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
SHARP = 0.03  # 1 sigma of an index in each direction, as of refined wedges
# Of H 3 with c doubled in primitive axes; a doubled; c tripled; a and b exchanged for their sum and twice b.
LARGER = (
    [[1, 0, 1], [0, 1, 1], [0, 0, 2]],
    [[2, 0, 0], [0, 1, 0], [0, 0, 1]],
    [[1, 0, 0], [0, 1, 0], [0, 0, 3]],
    [[1, 1, 0], [0, 2, 0], [0, 0, 1]],
)


def spots_of(axes: Floats, count: int, random: np.random.Generator) -> Floats:
    """Give indices, in the smaller cell's axes, of spots of a cell with these axes."""
    larger = random.integers(-20, 21, (count, 3)).astype(np.float64)
    return larger @ np.linalg.inv(axes).T + SHARP * random.standard_normal((count, 3))


def strays(count: int, random: np.random.Generator) -> Floats:
    return random.uniform(-20, 20, (count, 3))


@pytest.mark.parametrize("axes", LARGER)
def test_a_larger_cell_is_found_among_as_many_strays(axes: list[list[int]]) -> None:
    random = np.random.default_rng(1)
    rows = np.array(axes, dtype=np.float64)
    found = find_between(np.vstack([spots_of(rows, 40, random), strays(20, random)]))
    assert found is not None
    assert found.axes.tolist() == rows.tolist()
    assert found.index == round(float(np.linalg.det(rows)))
    assert found.count <= found.off_count <= 60


def test_neither_strays_nor_the_lattices_own_spots_are_taken_for_a_larger_cell() -> None:
    random = np.random.default_rng(2)
    for _ in range(200):
        assert find_between(strays(60, random)) is None
    assert find_between(spots_of(np.eye(3), 300, random)) is None
    assert find_between(np.empty((0, 3))) is None


def test_four_spots_halfway_are_too_few() -> None:
    lattice = spots_of(np.eye(3), 40, np.random.default_rng(3))
    halfway = np.array([[1, 2, 0.5], [3, 1, 4.5], [-2, 5, 7.5], [6, 1, -3.5], [2, 2, 1.5], [0, 4, -2.5]])
    assert find_between(np.vstack([lattice, halfway[:4], [[0.2, 0.3, 4.3]]])) is None
    assert find_between(np.vstack([lattice, halfway, [[0.2, 0.3, 4.3]]])) is not None


def test_the_streak_that_a_split_crystal_leaves_is_no_larger_cell() -> None:
    random = np.random.default_rng(4)
    streak = spots_of(np.eye(3), 60, random)
    streak[:, 2] += random.uniform(0.2, 0.8, 60)
    assert find_between(streak) is None
    sharp = spots_of(np.eye(3), 60, random)
    sharp[:, 2] += 0.5
    assert find_between(sharp) is not None


@pytest.mark.parametrize("symbol", ["P 21 21 21", "C 2", "I 2 3", "F 2 3", "H 3"])
def test_primitive_axes_span_every_centring(symbol: str) -> None:
    axes = primitive_axes(symbol)
    group = gemmi.find_spacegroup_by_name(symbol)
    assert group is not None
    centrings = np.array(group.operations().cen_ops) / gemmi.Op.DEN
    multiples = centrings @ np.linalg.inv(axes)
    assert np.abs(multiples - np.round(multiples)).max() < 1e-9
    assert float(np.linalg.det(axes)) == pytest.approx(1 / len(centrings))


def test_a_crystal_is_written_with_other_axes_and_without_symmetry(tmp_path: Path) -> None:
    source, target = tmp_path / "indexed.expt", tmp_path / "larger.expt"
    rows = {"real_space_a": [50, 0, 0], "real_space_b": [0, 60, 0], "real_space_c": [0, 0, 70]}
    crystal = {"__id__": "crystal", **rows, "space_group_hall_symbol": " P 2 2", "B_covariance": [0.0] * 81}
    source.write_text(json.dumps({"beam": ["kept"], "crystal": [crystal]}), "utf-8")
    write_with_axes(source, np.diag([1.0, 1.0, 2.0]), target)
    document = json.loads(target.read_text("utf-8"))
    written = summarise_crystal(document["crystal"][0])
    assert written.cell.as_tuple() == pytest.approx((50, 60, 140, 90, 90, 90))
    assert (written.space_group, written.cell_su) == ("P 1", None)
    assert document["beam"] == ["kept"]


# As DIALS writes it for C 2, H 3, I 2 3 and P 21 21 21, and how many lattice points the cell holds.
@pytest.mark.parametrize(
    ("hall", "points"), [(" C 2y", 2), (" R 3", 3), (" I 2 2 3", 2), (" P 2ac 2ab", 1), (" F 2 2 3", 4)]
)
def test_a_crystal_to_start_from_is_primitive_because_newer_dials_takes_every_one_for_primitive(
    tmp_path: Path, hall: str, points: int
) -> None:
    source, target = tmp_path / "indexed.expt", tmp_path / "start.expt"
    rows = np.array([[50.0, 3, 1], [0, 60, 2], [4, 0, 70]])
    named = {f"real_space_{axis}": row.tolist() for axis, row in zip("abc", rows, strict=True)}
    scan_points = {"A_at_scan_points": [[1.0] * 9] * 2}
    crystal = {"__id__": "crystal", **named, **scan_points, "space_group_hall_symbol": hall}
    source.write_text(json.dumps({"beam": ["kept"], "crystal": [crystal]}), "utf-8")
    write_primitive(source, target)
    document = json.loads(target.read_text("utf-8"))
    (written,) = document["crystal"]
    assert written["space_group_hall_symbol"] == " P 1"
    assert "A_at_scan_points" not in written
    axes = np.array([written[f"real_space_{axis}"] for axis in "abc"])
    assert np.linalg.det(rows) / np.linalg.det(axes) == pytest.approx(points)
    # Every vector of the old cell is one of the new.
    old = rows @ np.linalg.inv(axes)
    assert np.abs(old - np.round(old)).max() < 1e-9
    assert document["beam"] == ["kept"]


def test_what_has_no_crystals_is_refused(tmp_path: Path) -> None:
    (tmp_path / "imported.expt").write_text('{"experiment": []}', "utf-8")
    with pytest.raises(InvalidInputError, match="read as experiments"):
        write_with_axes(tmp_path / "imported.expt", np.eye(3), tmp_path / "larger.expt")
    with pytest.raises(InvalidInputError, match="read as experiments"):
        write_primitive(tmp_path / "imported.expt", tmp_path / "larger.expt")


def test_only_a_multiple_of_the_known_cell_is_told() -> None:
    doubled = (98.3, 98.3, 273.2, 90.0, 90.0, 120.0)
    assert against_known("H 3", doubled, KNOWN) == (
        "c is 2.00 times the known cell's c (273.20 against 136.60 Å)"
    )
    assert against_known("H 3", (99.0, 99.0, 137.5, 90.0, 90.0, 120.0), KNOWN) == ""
    assert against_known("P 1", doubled, KNOWN) == ""
    assert against_known("H 3", doubled, Sample("H 3")) == ""


@pytest.mark.parametrize(("symmetric", "tried"), [(True, ["H 3"]), (False, ["H 3", "P 1"])])
def test_a_larger_cell_without_the_smaller_ones_symmetry_is_triclinic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, symmetric: bool, tried: list[str]
) -> None:
    work = scripted_work(tmp_path, "index", lambda _: "Nothing shall be started.")
    fact = lattice(150, 204).fact
    rows = {"real_space_a": [98.3, 0, 0], "real_space_b": [-49.15, 85.13, 0], "real_space_c": [0, 0, 136.6]}
    document = {"crystal": [{"__id__": "crystal", **rows, "space_group_hall_symbol": " R 3"}]}
    (work.staging / "indexed.expt").write_text(json.dumps(document), "utf-8")
    crystal = summarise_crystal(document["crystal"][0])
    listed = SimpleNamespace(experiments=(SimpleNamespace(crystal=crystal),))
    doubled = spots_of(np.array(LARGER[0], dtype=np.float64), 60, np.random.default_rng(5))
    asked: list[str | None] = []

    def impose(_: StepWork, __: Rung, ___: Path, known: Inputs, sample: Sample) -> Finding:
        assert known == Inputs(work.staging / "larger_cell.expt", tmp_path / "strong.refl")
        asked.append(sample.space_group)
        if sample.space_group == "H 3" and not symmetric:
            return stopped(work, OutcomeCode.WRONG_SYMMETRY, "It has no H 3.")
        return Finding("150 of 204 spots indexed", crystals=(fact,))

    monkeypatch.setattr(larger_cell, "impose", impose)
    monkeypatch.setattr(larger_cell, "read_experiments", lambda _: listed)
    conventional = doubled @ np.linalg.inv(primitive_axes("H 3")).T
    monkeypatch.setattr(larger_cell, "fractional_indices", lambda *_: conventional)
    spots = Inputs(tmp_path / "imported.expt", tmp_path / "strong.refl")
    found = Attempt(
        "fft1d, known cell", "", SIMPLE_RUNGS[0], spots, work.staging, Finding("", crystals=(fact,))
    )
    attempts = larger_cell.look_for_larger_cell(work, found)
    assert asked == tried
    assert [attempt.accepted for attempt in attempts] == [*[False] * (len(tried) - 1), True]
    assert all("cell is 2 times as large" in attempt.finding.text for attempt in attempts)
    start = json.loads((work.staging / "larger_cell.expt").read_text("utf-8"))
    # Niggli's axes of the rhombohedral lattice with c = 273.2: two a, and the edge of the rhombohedron.
    written = summarise_crystal(start["crystal"][0]).cell.as_tuple()
    assert sorted(written[:3]) == pytest.approx([98.3, 98.3, np.hypot(98.3 / 3**0.5, 273.2 / 3)], abs=0.01)
