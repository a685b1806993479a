"""Whole collections: the same bytes again, files that appear whole, the truth beside them."""

import errno
import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from beamloop.errors import DiskFullError, InvalidInputError
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate import read_truth, write_collection
from beamloop.simulate.options import Wishes, plan_for
from beamloop.simulate.plan import CollectionPlan, SweepKind
from beamloop.simulate.presets import PRESETS, make_sweeps
from beamloop.simulate.scene import scene_of

pytestmark = pytest.mark.unit


@pytest.fixture
def plan() -> CollectionPlan:
    return replace(PRESETS["tiny2"](7), sweeps=make_sweeps([SweepKind.GOOD, SweepKind.BLANK], 2))


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_processes(
    plan: CollectionPlan, tmp_path: Path
) -> None:
    write_collection(plan, tmp_path / "one")
    write_collection(plan, tmp_path / "two", processes=2)
    assert len(digests(tmp_path / "one")) == 5
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_other_bytes(plan: CollectionPlan, tmp_path: Path) -> None:
    write_collection(plan, tmp_path / "one")
    write_collection(replace(plan, seed=8), tmp_path / "two")
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert one.keys() == two.keys()
    assert not set(one.values()) & set(two.values())


def test_sweeps_do_not_depend_on_the_ones_before(plan: CollectionPlan, tmp_path: Path) -> None:
    sweeps = make_sweeps([SweepKind.BLANK, SweepKind.BLANK], 2)
    write_collection(plan, tmp_path / "one")
    write_collection(replace(plan, sweeps=sweeps), tmp_path / "two")
    assert digests(tmp_path / "one")["xtal2_1_00002.cbf"] == digests(tmp_path / "two")["xtal2_1_00002.cbf"]


def test_missing_images_are_not_written_and_the_others_stay_the_same(
    plan: CollectionPlan, tmp_path: Path
) -> None:
    first = replace(plan.sweeps[0], images=3)
    write_collection(replace(plan, sweeps=(first,)), tmp_path / "all")
    write_collection(replace(plan, sweeps=(replace(first, missing=(2,)),)), tmp_path / "gap")
    everything, gap = digests(tmp_path / "all"), digests(tmp_path / "gap")
    assert everything.keys() - gap.keys() == {"xtal1_1_00002.cbf"}
    assert gap["xtal1_1_00003.cbf"] == everything["xtal1_1_00003.cbf"]
    assert read_truth(tmp_path / "gap").sweeps[0].missing_images == (2,)


def test_the_truth_comes_back_from_its_file(plan: CollectionPlan, tmp_path: Path) -> None:
    written = write_collection(plan, tmp_path / "one")
    assert read_truth(tmp_path / "one") == written
    assert read_truth(tmp_path / "one" / "truth.json") == written
    assert written.sweep("xtal1_1").expected_outcomes == (OutcomeCode.PROCESSED,)
    assert written.sweep("xtal2_1").crystal is None


@pytest.mark.parametrize("text", [None, "", "{}", "not JSON"])
def test_a_file_that_is_no_truth_is_refused_by_name(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "truth.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"truth\.json cannot be read"):
        read_truth(tmp_path)


def test_images_come_at_the_pace_asked_for(plan: CollectionPlan, tmp_path: Path) -> None:
    seen: list[float] = []
    write_collection(
        plan, tmp_path / "one", pace_s_per_image=0.2, on_image=lambda _: seen.append(time.monotonic())
    )
    assert len(seen) == 4
    # Three steps of 0.2 s. A busy machine may be late; 0.05 s is for a first image that itself came late.
    assert 0.55 < seen[-1] - seen[0] < 5.0


def test_no_image_is_ever_seen_half_written(plan: CollectionPlan, tmp_path: Path) -> None:
    seen: list[str] = []

    def look(path: Path) -> None:
        assert path.read_bytes().endswith(b"--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n\r\n")
        seen.extend(p.name for p in path.parent.iterdir() if p.name.startswith("."))

    write_collection(plan, tmp_path / "one", on_image=look)
    assert seen == []


def test_a_directory_with_a_collection_is_not_written_over(plan: CollectionPlan, tmp_path: Path) -> None:
    write_collection(plan, tmp_path / "one")
    with pytest.raises(InvalidInputError, match="holds a simulated collection already"):
        write_collection(plan, tmp_path / "one")


def test_a_full_disk_leaves_no_half_file(
    plan: CollectionPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError, match="No room left"):
        write_collection(plan, tmp_path / "one")
    assert list((tmp_path / "one").iterdir()) == []


def test_pace_and_processes_exclude_each_other(plan: CollectionPlan, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="pace"):
        write_collection(plan, tmp_path / "one", pace_s_per_image=1.0, processes=2)
    assert not (tmp_path / "one").exists()


def test_a_plan_cannot_leave_out_images_that_are_not_there(plan: CollectionPlan, tmp_path: Path) -> None:
    sweeps = (replace(plan.sweeps[0], missing=(3,)),)
    with pytest.raises(InvalidInputError, match="does not have"):
        write_collection(replace(plan, sweeps=sweeps), tmp_path / "one")


def test_two_sweeps_cannot_have_one_name(plan: CollectionPlan, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="same name"):
        write_collection(replace(plan, sweeps=plan.sweeps[:1] * 2), tmp_path / "one")


def test_the_demo_holds_what_the_demo_must_show() -> None:
    kinds = [sweep.kind for sweep in PRESETS["teha12"](1).sweeps]
    assert len(kinds) == 12
    assert {kind: kinds.count(kind) for kind in SweepKind} == {
        SweepKind.GOOD: 8,
        SweepKind.CELL_OUTLIER: 1,
        SweepKind.DOUBLED_AXIS: 1,
        SweepKind.WEAK: 1,
        SweepKind.BLANK: 1,
    }


def test_options_change_the_preset_and_nothing_else() -> None:
    plan = plan_for(Wishes("tiny2", seed=3, sweeps=3, images=5, missing=("xtal2_1:2-3,5",), model="1M"))
    assert plan.seed == 3
    assert [sweep.images for sweep in plan.sweeps] == [5, 5, 5]
    assert [sweep.missing for sweep in plan.sweeps] == [(), (2, 3, 5), ()]
    assert plan.detector == replace(PRESETS["tiny2"](3).detector, model="1M")
    assert plan.crystal == PRESETS["tiny2"](3).crystal


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes("nothing"), "no preset 'nothing'"),
        (Wishes("tiny2", missing=("xtal9_1:1",)), "does not name images"),
        (Wishes("tiny2", missing=("xtal1_1:x",)), "does not name images"),
        (Wishes("tiny2", missing=("xtal1_1:1-99",)), "does not have"),
        (Wishes("tiny2", images=0), "a sweep an image"),
    ],
)
def test_options_that_cannot_be_are_refused(wishes: Wishes, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        plan_for(wishes)


def test_stray_spots_are_added_to_a_blank_and_leave_its_background_as_it_was(
    plan: CollectionPlan, tmp_path: Path
) -> None:
    blank = replace(plan.sweeps[1], images=1)
    strays = replace(blank, stray_spots=30)
    scenes = [scene_of(replace(plan, sweeps=(sweep,))) for sweep in (blank, strays)]
    added = scenes[1].counts(0, 1) - scenes[0].counts(0, 1)
    assert added.min() == 0
    # 80 photons at least and 160 on average; what lies at an edge of module or scan loses half.
    assert 30 * 80 / 2 < added.sum() < 30 * 160 * 2
    truth = write_collection(replace(plan, sweeps=(strays,)), tmp_path / "strays")
    assert truth.sweeps[0].expected_outcomes[0] is OutcomeCode.NO_LATTICE


def test_the_hard_plate_has_73_wedges_of_4_to_10_degrees_and_every_difficulty() -> None:
    plan = PRESETS["hard"](1)
    assert len(plan.sweeps) == 73
    widths_deg = {sweep.images * plan.oscillation_deg for sweep in plan.sweeps}
    assert (min(widths_deg), max(widths_deg)) == (4.0, 10.0)
    blanks = [sweep for sweep in plan.sweeps if sweep.kind is SweepKind.BLANK]
    assert len(blanks) == 7
    assert max(blank.stray_spots for blank in blanks) == 60
    seconds = [sweep for sweep in plan.sweeps if sweep.second_crystal_fraction]
    assert any(sweep.second_crystal_turn_deg for sweep in seconds)
    assert not all(sweep.second_crystal_turn_deg for sweep in seconds)


def test_a_preset_cut_short_keeps_what_is_special_of_each_sweep() -> None:
    whole = PRESETS["hard"](1).sweeps[:10]
    assert plan_for(Wishes("hard", sweeps=10)).sweeps == whole
    assert [sweep.images for sweep in plan_for(Wishes("hard", sweeps=10, images=5)).sweeps] == [5] * 10
