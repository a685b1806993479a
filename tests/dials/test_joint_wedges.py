"""What joint refinement does for wedges of known truth that differ by the errors of measurement only."""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.services.joint_figures import joint

from beamloop.dials_cli import programs
from beamloop.dials_cli.handle import Dials
from beamloop.joint.compare import common_cells, compare_members, group_figures, stayed_members
from beamloop.joint.crystals import Crystal, crystal_figures, read_pair
from beamloop.joint.divide import divide
from beamloop.joint.refine_divided import refine_divided
from beamloop.joint.setup import shared_models
from beamloop.joint.work import JointWork
from beamloop.records.identifiers import RunId
from beamloop.records.joint import GroupFigures, JointOptions

pytestmark = pytest.mark.dials

WRITER = Path(__file__).with_name("write_wedges.py")
COUNT = 8


@dataclass(frozen=True)
class Wedges:
    """Eight wedges, each refined alone."""

    dials: Dials
    crystals: tuple[Crystal, ...]

    def refine(self, folder: Path, options: JointOptions) -> tuple[GroupFigures, GroupFigures]:
        """Return the group before and after."""
        asked = replace(joint(*(crystal.run_id for crystal in self.crystals)), options=options)
        work = JointWork("refine", folder, folder, asked, self.dials, (), {})
        division = divide(self.crystals, options.crystals_at_once)
        refined = refine_divided(work, division, shared_models(self.crystals))
        assert refined.files is not None
        assert refined.crystals == self.crystals
        found = zip(refined.crystals, read_pair(*refined.files), strict=True)
        after = {crystal.key: crystal_figures(*figures) for crystal, figures in found}
        members = compare_members(asked, self.crystals, after, refined.left)
        cells_before, cells_after, _ = common_cells(members)
        stayed = stayed_members(members)
        assert len(stayed) == COUNT
        before = group_figures(cells_before, [old for _, old, _ in stayed])
        return before, group_figures(cells_after, [new for _, _, new in stayed])


@pytest.fixture(scope="module")
def wedges(tmp_path_factory: pytest.TempPathFactory, served_dials: Dials) -> Wedges:
    folder = tmp_path_factory.mktemp("wedges")
    subprocess.run(
        [str(served_dials.settings.python), "-I", str(WRITER), str(COUNT), str(folder)], check=True
    )
    return Wedges(served_dials, tuple(_refined_alone(served_dials, folder, n) for n in range(1, COUNT + 1)))


def _refined_alone(dials: Dials, folder: Path, number: int) -> Crystal:
    own = folder / str(number)
    own.mkdir()
    given = (Path("..", f"xtal{number}.{kind}") for kind in ("expt", "refl"))
    assert programs.refine(dials, own, *given, options=JointOptions().refine).succeeded
    files = (own / "refined.expt", own / "refined.refl")
    (figures,) = read_pair(*files)
    return Crystal(RunId(number), 1, f"xtal{number}", "H 3", files, figures[0], crystal_figures(*figures))


@pytest.fixture(scope="module")
def figures(wedges: Wedges, tmp_path_factory: pytest.TempPathFactory) -> tuple[GroupFigures, GroupFigures]:
    """Provide the group before and after, refined as it is by night."""
    return wedges.refine(tmp_path_factory.mktemp("jointly"), JointOptions())


def test_cells_of_alike_crystals_spread_less_than_a_third_of_what_they_do_alone(
    figures: tuple[GroupFigures, GroupFigures],
) -> None:
    before, after = figures
    # What the mission asks for; measured 7.4 and 13 times less, on six simulated plates 4 and 5 at least.
    assert after.spread_percent < before.spread_percent / 3
    assert after.lcv_percent < before.lcv_percent / 3


def test_outliers_are_those_of_the_joint_models(
    wedges: Wedges, figures: tuple[GroupFigures, GroupFigures], tmp_path: Path
) -> None:
    before, twice = figures
    _, once = wedges.refine(tmp_path, JointOptions(outlier_rounds=1))
    # Alone each sweep is judged by its own models. By those of another crystal's detector a third of the
    # outliers are missed: of 2000 reflections 1710 are used alone, 1800 after one round, 1711 after two.
    assert once.used_count > 1.03 * before.used_count
    assert twice.used_count == pytest.approx(before.used_count, rel=0.01)


def test_a_divided_group_ends_on_one_detector_with_cells_as_alike(
    wedges: Wedges, figures: tuple[GroupFigures, GroupFigures], tmp_path: Path
) -> None:
    before, after = wedges.refine(tmp_path, JointOptions(crystals_at_once=3))
    assert after.distance_least_mm == pytest.approx(after.distance_greatest_mm, abs=1e-9)
    # Three of the eight give the detector; the other five have no say in it, and the spread is of eight.
    assert after.spread_percent < before.spread_percent / 3
    assert after.spread_percent < 2 * figures[1].spread_percent
