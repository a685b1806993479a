"""Which files of a folder belong together, which may be read, and what the sweeps are called."""

import os
from pathlib import Path

import pytest

from beamloop.adopt.find_pairs import Pair, find_pairs, given_pairs
from beamloop.adopt.foreign_sweeps import ForeignSweep, ReadPair, make_sweeps, misfit_words
from beamloop.adopt.take_copies import Copy, take_copy
from beamloop.dials_cli.foreign_pairs import ForeignPart
from beamloop.errors import InvalidInputError
from beamloop.records.adoption import AdoptedFile

pytestmark = pytest.mark.unit

BLOCKS = ((1, 20),)


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


@pytest.mark.parametrize(
    ("names", "stem", "step"),
    [
        (("integrated.expt", "integrated.refl"), "", "integrate"),
        (("sweep_002_experiments.json", "sweep_002_reflections.pickle"), "sweep_002", None),
        (("25_integrated_experiments.json", "25_integrated.pickle"), "25", "integrate"),
        (("dials-423.json", "dials-423.pickle"), "dials-423", None),
        (("experiments.json", "indexed.pickle"), "", "index"),
        (("refined_experiments.json", "refined.pickle"), "", "refine"),
    ],
)
def test_experiments_and_reflections_are_paired_by_name(
    tmp_path: Path, names: tuple[str, str], stem: str, step: str | None
) -> None:
    (pair,) = find_pairs(fill(tmp_path, *names)).pairs
    assert (pair.experiments.name, pair.reflections.name) == names
    assert (pair.stem, pair.step) == (stem, step)


def test_what_has_no_partner_is_told_and_other_json_is_not_dials(tmp_path: Path) -> None:
    fill(tmp_path, "imported.expt", "strong.refl", "refined.expt", "refined.refl", "bravais_summary.json")
    found = find_pairs(tmp_path)
    assert [pair.name for pair in found.pairs] == ["refined.expt with refined.refl"]
    assert sorted(path.name for path in found.alone) == ["imported.expt", "strong.refl"]


def test_experiments_that_could_go_with_two_tables_go_with_none(tmp_path: Path) -> None:
    fill(tmp_path, "experiments.json", "indexed.pickle", "refined.pickle", "a.expt", "a.refl")
    assert [pair.stem for pair in find_pairs(tmp_path).pairs] == ["a"]


def test_folders_below_are_searched_and_hidden_ones_are_not(tmp_path: Path) -> None:
    fill(tmp_path, "x2/refined.expt", "x2/refined.refl", "x10/refined.expt", "x10/refined.refl")
    fill(tmp_path, ".trash/refined.expt", ".trash/refined.refl")
    assert [pair.experiments.parent.name for pair in find_pairs(tmp_path).pairs] == ["x2", "x10"]


@pytest.mark.parametrize("names", [(), ("imported.expt",), ("a.expt", "b.refl")])
def test_a_folder_without_a_pair_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError, match="no experiments with reflections of the same name"):
        find_pairs(fill(tmp_path, *names))


@pytest.mark.parametrize("names", [("a.expt",), ("a.refl", "a.expt"), ("a.expt", "b.expt")])
def test_named_files_must_alternate(tmp_path: Path, names: tuple[str, ...]) -> None:
    fill(tmp_path, *names)
    with pytest.raises(InvalidInputError, match="not pairs"):
        given_pairs([tmp_path / name for name in names])


def test_files_named_by_a_person_need_no_likeness(tmp_path: Path) -> None:
    fill(tmp_path, "best.expt", "x_refined.refl")
    (pair,) = given_pairs([tmp_path / "best.expt", tmp_path / "x_refined.refl"]).pairs
    assert (pair.stem, pair.step) == ("best", "refine")


@pytest.mark.parametrize(("mode", "start"), [(0o666, b"(dp0"), (0o664, b"\x80\x02")])
def test_a_pickle_that_others_may_write_is_read_only_when_trusted(
    tmp_path: Path, mode: int, start: bytes
) -> None:
    source = tmp_path / "x.pickle"
    source.write_bytes(start)
    source.chmod(mode)
    with pytest.raises(InvalidInputError, match="runs whatever its author wished"):
        take_copy(source, tmp_path / "1.refl", trust_pickles=False)
    assert take_copy(source, tmp_path / "2.refl", trust_pickles=True).is_pickle
    source.chmod(0o600)
    assert take_copy(source, tmp_path / "3.refl", trust_pickles=False).is_pickle


def test_a_pickle_in_the_clothes_of_a_new_file_is_a_pickle(tmp_path: Path) -> None:
    source = tmp_path / "x.refl"
    source.write_bytes(b"\x80\x02.")
    source.chmod(0o666)
    with pytest.raises(InvalidInputError, match="pickle"):
        take_copy(source, tmp_path / "1.refl", trust_pickles=False)


def test_a_pickle_of_another_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "x.pickle"
    source.write_bytes(b"\x80\x02.")
    source.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: source.stat().st_uid + 1)
    with pytest.raises(InvalidInputError, match="not yours alone"):
        take_copy(source, tmp_path / "1.refl", trust_pickles=False)


def test_a_copy_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    source = tmp_path / "a.expt"
    source.write_bytes(b"abc")
    copy = take_copy(source, tmp_path / "1.expt", trust_pickles=False)
    # SHA-256 of "abc", FIPS 180-2, appendix B.1
    assert copy.source.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (copy.source.size_bytes, copy.path.read_bytes()) == (3, b"abc")


@pytest.mark.parametrize("name", ["no_such.refl", "line\nbreak.refl"])
def test_what_cannot_be_read_or_kept_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot"):
        take_copy(tmp_path / name, tmp_path / "1.refl", trust_pickles=False)


def read(folder: str, stem: str, step: str | None, *templates: str, level: str = "refine") -> ReadPair:
    name = "_".join(filter(None, [stem, step])) or "x"
    place = Path("/data", folder)
    pair = Pair(place / f"{name}.expt", place / f"{name}.refl", stem, step)
    copy = Copy(AdoptedFile(pair.experiments, "a" * 64, 3), Path("/tmp/1.expt"), is_pickle=False)
    parts = tuple(
        ForeignPart(Path("1.expt"), Path("1.refl"), Path("c.refl"), template, BLOCKS, (0.02,), level, (), 0)
        for template in templates
    )
    return ReadPair(pair, copy, copy, parts)


def sweeps_of(*reads: ReadPair) -> tuple[dict[str, ForeignSweep], list[str]]:
    groups: dict[tuple[Path, str], list[ReadPair]] = {}
    for one in reads:
        groups.setdefault((one.pair.experiments.parent, one.pair.stem), []).append(one)
    sweeps, refusals = make_sweeps(groups.items(), Path("/data"))
    return {sweep.name: sweep for sweep in sweeps}, [refusal.pair for refusal in refusals]


def test_the_steps_of_one_folder_are_one_sweep_named_by_its_images() -> None:
    sweeps, refused = sweeps_of(
        read("", "", "integrate", "/i/x1_##.cbf", level="integrate"),
        read("", "", "index", "/i/x1_##.cbf"),
        read("", "", "refine", "/i/x1_##.cbf"),
    )
    assert [step.step for step in sweeps["x1"].steps] == ["index", "refine", "integrate"]
    assert refused == []


def test_intensities_tell_the_step_that_a_name_does_not() -> None:
    sweeps, _ = sweeps_of(
        read("", "a", None, "/i/a_##.cbf", level="integrate"),
        read("", "b", "integrate", "/i/b_##.cbf", level="refine"),
    )
    assert {name: sweep.steps[0].step for name, sweep in sweeps.items()} == {"a": "integrate", "b": "refine"}


def test_files_of_single_sweeps_go_before_the_combined_ones_that_say_the_same_again() -> None:
    sweeps, refused = sweeps_of(
        read("", "all", None, "/i/x1_##.cbf", "/i/x2_##.cbf", "/i/x3_##.cbf"),
        read("", "one", None, "/i/x1_##.cbf"),
        read("", "two", None, "/i/x2_##.cbf"),
    )
    assert sorted(sweeps) == ["one", "two", "x3"]
    assert refused == ["all.expt with all.refl", "all.expt with all.refl"]


def test_sweeps_of_one_name_are_told_apart_by_their_folders() -> None:
    sweeps, _ = sweeps_of(
        read("p1/x", "", "refine", "/i/p1_##.cbf"),
        read("p2/x", "", "refine", "/i/p2_##.cbf"),
        read("p2/y", "", "refine", "/i/p3_##.cbf"),
    )
    assert sorted(sweeps) == ["p1_x", "p2_x", "y"]


def test_the_same_content_has_the_same_hash_and_another_scan_of_it_has_not() -> None:
    first, _ = sweeps_of(read("", "all", None, "/i/x1_##.cbf", "/i/x2_##.cbf"))
    again, _ = sweeps_of(read("elsewhere", "all", None, "/i/x1_##.cbf", "/i/x2_##.cbf"))
    assert first["x1"].content_sha256() == again["x1"].content_sha256()
    assert first["x1"].content_sha256() != first["x2"].content_sha256()


@pytest.mark.parametrize(("misfits", "fits"), [((0.2, None), True), ((0.02, 0.7), False), ((None,), True)])
def test_spots_that_lie_nearer_to_another_index_are_of_another_crystal(
    misfits: tuple[float | None, ...], fits: bool
) -> None:
    part = ForeignPart(Path(), Path(), Path(), "", BLOCKS, misfits, "refine", (), 0)
    words = misfit_words(part)
    assert bool(words) is not fits
    assert fits or "crystal 2 the spots lie 0.7" in words
