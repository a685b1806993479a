"""How the indexing step climbs: until a lattice is found or time runs out, and for the stronger lattice."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.services.random_spots import write_random_spots
from tests.services.scripted_dials import scripted_work
from tests.unit.test_ladder import lattice

from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramLimits, ProgramRequest
from beamloop.sweep import index, rungs, second_lattice
from beamloop.sweep.attempt import Attempt
from beamloop.sweep.known_rungs import SIMPLE_RUNGS, WEAK_RUNGS, Rung
from beamloop.sweep.orientation import Orientation
from beamloop.sweep.rungs import Inputs
from beamloop.sweep.second_lattice import STRONGER, look_for_second
from beamloop.sweep.work import Finding, StepWork, stopped

pytestmark = pytest.mark.unit

C_CENTRED = {
    "__id__": "crystal",
    "real_space_a": [60, 0, 0],
    "real_space_b": [0, 40, 0],
    "real_space_c": [-10, 0, 50],
    "space_group_hall_symbol": " C 2y",
}
NO_TIME = ProgramLimits(index_time_s=0.0)


def nothing(_: ProgramRequest) -> str:
    return "Nothing shall be started."


def climb_in_vain(work: StepWork, rung: Rung, _: Path, __: Inputs) -> Finding:
    return stopped(work, OutcomeCode.NO_LATTICE, f"{rung.method} found nothing.")


def found(indexed: int) -> Finding:
    return Finding(f"{indexed} indexed", crystals=(replace(lattice(1, 1).fact, indexed_count=indexed),))


def test_no_rung_begins_after_the_time_limit_but_the_first_is_tried_whatever_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "climb", climb_in_vain)
    finding = index.perform(scripted_work(tmp_path, "index", nothing, limits=NO_TIME))
    assert [rung.method for rung in finding.rungs] == ["fft1d, known cell"]
    assert finding.outcome is not None
    assert finding.outcome.code is OutcomeCode.NO_LATTICE
    assert "The limit of 0 s for indexing ended the search." in finding.outcome.sentence


def test_with_time_every_rung_is_tried_and_none_is_said_to_have_been_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "climb", climb_in_vain)
    finding = index.perform(scripted_work(tmp_path, "index", nothing))
    assert len(finding.rungs) > len(SIMPLE_RUNGS)
    assert finding.outcome is not None
    assert "limit" not in finding.outcome.sentence


def test_the_programs_of_later_rungs_end_with_the_time_limit_and_the_first_rungs_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits_s: list[float] = []

    def climb(work: StepWork, rung: Rung, folder: Path, inputs: Inputs) -> Finding:
        limits_s.append(work.limits.time_s)
        return climb_in_vain(work, rung, folder, inputs)

    monkeypatch.setattr(index, "climb", climb)
    index.perform(
        scripted_work(tmp_path, "index", nothing, limits=ProgramLimits(time_s=900, index_time_s=100))
    )
    first, *later = limits_s
    assert first == 900
    assert later
    assert all(1 <= limit_s <= 100 for limit_s in later)


def test_an_orientation_that_random_spots_may_have_starts_no_indexing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spots(request: ProgramRequest) -> str:
        write_random_spots(request.working_directory / "strong.refl", 30, 12, (981, 1043))
        return ""

    poor = Orientation(np.eye(3), close_count=4, spot_count=30, trials=10_000)
    monkeypatch.setattr(rungs, "write_oriented", lambda *_: poor)
    work = scripted_work(tmp_path, "index", find_spots)
    folder = work.staging / "rung-2"
    folder.mkdir()
    spots = Inputs(tmp_path / "imported.expt", tmp_path / "strong.refl")
    finding = rungs.climb(work, next(rung for rung in WEAK_RUNGS if rung.by_orientation), folder, spots)
    assert finding.outcome is not None
    assert finding.outcome.code is OutcomeCode.NO_LATTICE
    assert "4 of 30 spots fit the known cell" in finding.text
    assert [program.argv[0] for program in finding.programs] == ["dials.find_spots"]


@pytest.mark.parametrize(("second_count", "exchanged"), [(41, True), (40, False), (12, False)])
def test_a_second_lattice_with_more_spots_takes_the_place_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second_count: int, *, exchanged: bool
) -> None:
    work = scripted_work(tmp_path, "index", nothing)
    folder = work.staging / "rung-1"
    folder.mkdir()
    # None of them has an index, as far as the file goes: the first lattice's 40 are told by its facts.
    write_random_spots(folder / "indexed.refl", 90, image_count=12, size_px=(981, 1043))
    spots = Inputs(tmp_path / "imported.expt", tmp_path / "strong.refl")
    first = Attempt("fft1d, known cell", "", SIMPLE_RUNGS[0], spots, folder, found(40))
    imposed: list[Inputs] = []

    def climb(_: StepWork, __: Rung, folder: Path, ___: Inputs) -> Finding:
        (folder / "indexed.expt").write_text(json.dumps({"crystal": [C_CENTRED]}), "utf-8")
        return found(second_count)

    def impose(_: StepWork, __: Rung, ___: Path, known: Inputs, ____: object) -> Finding:
        imposed.append(known)
        return found(second_count)

    monkeypatch.setattr(second_lattice, "climb", climb)
    monkeypatch.setattr(second_lattice, "impose", impose)
    attempts = look_for_second(work, first)
    assert attempts[0].finding.text == f"a second lattice indexes {second_count} of the 50 remaining spots"
    assert not attempts[0].accepted
    assert [attempt.reason for attempt in attempts[1:]] == ([STRONGER] if exchanged else [])
    if exchanged:
        # All spots of the sweep, with the crystal of the second lattice as every DIALS understands it.
        assert [known.spots for known in imposed] == [tmp_path / "strong.refl"]
        written = json.loads(imposed[0].experiments.read_bytes())["crystal"][0]
        assert written["space_group_hall_symbol"] == " P 1"
        assert attempts[1].accepted
