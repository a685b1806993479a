"""The same sweep is taken once, however it lies there, and nothing else is left out."""

from pathlib import Path

import pytest

from beamloop.records.collection import FoundSweep
from beamloop.records.images import MasterImages, NumberedImages, SweepImages
from beamloop.watch.twins import leave_out_twins

pytestmark = pytest.mark.unit

FOLDER = Path("/data/plate")


def numbered(name: str, suffix: str = ".cbf") -> NumberedImages:
    return NumberedImages(FOLDER, f"{name}_", 5, suffix, 1, 12)


def master(file: str, *data_files: str) -> MasterImages:
    return MasterImages(FOLDER, file, data_files, last=12)


def kept(*images: SweepImages, known: SweepImages | None = None) -> tuple[list[str], int]:
    """Return the templates that are kept and how many sentences are said."""
    sweeps = [FoundSweep(each, "a" * 64) for each in images]
    found, words = leave_out_twins(sweeps, {known.template_parts} if known else set())
    return [sweep.images.template for sweep in found], len(words)


def test_different_sweeps_are_all_kept() -> None:
    images = (
        numbered("a"),
        numbered("b"),
        master("c_master.h5", "c_data_000001.h5"),
        master("d.nxs", "e.h5"),
    )
    assert kept(*images) == ([each.template for each in images], 0)


def test_a_packed_copy_of_numbered_files_stays_a_sweep_of_its_own() -> None:
    assert kept(numbered("a"), numbered("a", ".cbf.gz"), master("b.nxs")) == (
        ["a_#####.cbf", "a_#####.cbf.gz", "b.nxs"],
        0,
    )


def test_of_one_name_nexus_comes_before_dectris_and_both_before_numbered_files() -> None:
    assert kept(numbered("a"), master("a_master.h5", "x.h5"), master("a.nxs", "y.h5")) == (["a.nxs"], 2)
    assert kept(numbered("a"), master("a_master.h5", "x.h5")) == (["a_master.h5"], 1)


@pytest.mark.parametrize("known", [numbered("a"), master("a_master.h5", "x.h5")])
def test_what_is_known_stays(known: SweepImages) -> None:
    images = (numbered("a"), master("a_master.h5", "x.h5"), master("a.nxs", "x.h5"))
    assert kept(*images, known=known) == ([known.template], 2)


def test_masters_of_the_same_data_files_and_one_that_another_names_are_one_sweep() -> None:
    assert kept(master("a.nxs", "x.h5"), master("b_master.h5", "w.h5", "x.h5")) == (["a.nxs"], 1)
    assert kept(master("a.nxs", "b_master.h5"), master("b_master.h5", "x.h5")) == (["a.nxs"], 1)


def test_masters_that_name_each_other_are_not_both_left_out() -> None:
    assert kept(master("a.nxs", "b.nxs"), master("b.nxs", "a.nxs")) == (["a.nxs"], 1)
