"""Metrologies in the catalogue: asked for once, done once whatever is killed, the candidate with the step."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.services.filled_catalogue import NOW
from tests.services.isomorphism_bench import TEHA, IsomorphismBench, open_isomorphism_bench
from tests.services.killed_steps import ENDS, kill_at
from tests.services.metrology_figures import candidate
from tests.services.shell_calls import call, point_at
from typer.testing import CliRunner

from beamloop.catalog.geometry import geometries, sources_of
from beamloop.catalog.metrology import fail_metrology, load_metrology, record_metrology_step
from beamloop.catalog.metrology_requests import waiting_metrologies
from beamloop.catalog.metrology_results import metrology_result
from beamloop.cli.main import app
from beamloop.geometry.candidates import add_candidate
from beamloop.geometry.registry import promote
from beamloop.metrology import stage
from beamloop.metrology.ask import ask_for_metrology, default_options
from beamloop.metrology.night import take_up_detectors
from beamloop.metrology.work import MetrologyFinding, MetrologyWork
from beamloop.records.geometry import GeometryGate, SourceRole
from beamloop.records.metrology import (
    METROLOGY_STEPS,
    Choice,
    Metrology,
    MetrologyId,
    MetrologyOptions,
    MetrologyState,
    MetrologyStepReport,
)
from beamloop.records.outcome import Outcome, OutcomeCode

pytestmark = pytest.mark.integration

VERSION = "3.12.1"
FIRST = MetrologyId(1)


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str) -> Iterator[IsomorphismBench]:
    opened = open_isomorphism_bench(tmp_path, catalog_dsn)
    opened.process({"xtal1": TEHA, "xtal2": TEHA})
    yield opened
    opened.services.catalog.close()


def night(
    bench: IsomorphismBench, options_of: Callable[[str], MetrologyOptions] = default_options
) -> list[list[object]]:
    return take_up_detectors(bench.services.catalog, VERSION, dag_run_id="a night", options_of=options_of)


def read(bench: IsomorphismBench, metrology_id: MetrologyId = FIRST) -> Metrology:
    with bench.services.catalog.transaction() as connection:
        return load_metrology(connection, metrology_id)


def end(bench: IsomorphismBench, metrology_id: MetrologyId = FIRST) -> list[bool]:
    """Record the steps that matter as the stage does."""
    one, other = read(bench, metrology_id).sweeps
    chosen = (
        Choice(one.run_id, SourceRole.REFINED, "it has the most reflections"),
        Choice(other.run_id, SourceRole.HELD_OUT, "it is held out"),
    )
    roles = {one.run_id: SourceRole.REFINED, other.run_id: SourceRole.HELD_OUT}
    new = replace(candidate(), sources=roles)
    reports = (
        MetrologyStepReport("choose", NOW, NOW, "1 refined", detector="PILATUS3 6M", choices=chosen),
        MetrologyStepReport("evidence", NOW, NOW, "better", geometry=new),
        MetrologyStepReport(
            "report", NOW, NOW, "geometry 1", state=MetrologyState.CANDIDATE, sentence="It is better."
        ),
    )
    recorded = []
    for report in reports:
        with bench.services.catalog.transaction() as connection:
            recorded.append(record_metrology_step(connection, metrology_id, report, []))
    return recorded


def test_a_night_asks_once_and_again_when_a_sweep_is_new(bench: IsomorphismBench) -> None:
    assert night(bench) == [[1, "i24 250 mm"]]
    # Not ended: the next night goes on with it, and asks for nothing new.
    assert night(bench) == [[1, "i24 250 mm"]]
    end(bench)
    assert night(bench) == []
    # The same images processed again are no new data.
    bench.process({"xtal1": TEHA}, again=True)
    assert night(bench) == []
    bench.process({"xtal3": TEHA})
    assert night(bench) == [[2, "i24 250 mm"]]
    assert [sweep.name for sweep in read(bench, MetrologyId(2)).sweeps] == ["xtal2", "xtal1", "xtal3"]


def test_what_failed_is_tried_again_with_new_data_only_and_other_options_are_other_work(
    bench: IsomorphismBench,
) -> None:
    night(bench)
    with bench.services.catalog.transaction() as connection:
        fail_metrology(connection, FIRST, Outcome(OutcomeCode.PROGRAM_CRASHED, "It crashed.", "refine"))
    assert read(bench).outcome == Outcome(OutcomeCode.PROGRAM_CRASHED, "It crashed.", "refine")
    assert night(bench) == []

    def whole_only(_: str) -> MetrologyOptions:
        return MetrologyOptions(deepest_level=0)

    def stricter(_: str) -> MetrologyOptions:
        return MetrologyOptions(deepest_level=0, gate=GeometryGate(least_held_out_count=5000))

    assert night(bench, whole_only) == [[2, "i24 250 mm"]]
    # The gate judges a candidate, it does not make one.
    assert night(bench, stricter) == [[2, "i24 250 mm"]]


def test_a_person_repeats_known_work_unless_it_waits(bench: IsomorphismBench) -> None:
    def ask(*, again: bool) -> list[MetrologyId]:
        with bench.services.catalog.transaction() as connection:
            return ask_for_metrology(
                connection, VERSION, requested_by="me", collection_id=bench.collection_id, again=again
            )

    assert ask(again=False) == [1]
    assert ask(again=True) == []
    end(bench)
    assert ask(again=False) == []
    assert ask(again=True) == [2]


def test_sweeps_that_another_geometry_serves_are_calibrated_by_themselves(bench: IsomorphismBench) -> None:
    catalog = bench.services.catalog
    night(bench)
    geometry_id = add_candidate(catalog, replace(candidate("older"), evidence=None))
    # It serves what is collected from now on.
    promote(
        catalog,
        geometry_id,
        lambda _: GeometryGate(),
        since=datetime.now(UTC),
        by="me",
        why="a test",
        without_evidence=True,
    )
    bench.process({"xtal3": TEHA})
    assert night(bench) == [[1, "i24 250 mm"], [2, "i24 250 mm"]]
    found = read(bench, MetrologyId(2))
    assert [sweep.name for sweep in found.sweeps] == ["xtal3"]
    assert found.start is not None
    assert found.start.geometry_id == geometry_id
    assert read(bench).start is None


def test_steps_are_recorded_once_and_the_candidate_comes_with_its_sources(bench: IsomorphismBench) -> None:
    night(bench)
    assert end(bench) == [True, True, True]
    assert end(bench) == [False, False, False]
    found = read(bench)
    assert (found.state, found.sentence, found.detector) == (
        MetrologyState.CANDIDATE, "It is better.", "PILATUS3 6M",
    )  # fmt: skip
    assert {sweep.name: sweep.role for sweep in found.sweeps} == {
        "xtal1": SourceRole.REFINED,
        "xtal2": SourceRole.HELD_OUT,
    }
    with bench.services.catalog.transaction() as connection:
        (version,) = geometries(connection)
        roles = {source.sweep: source.role for source in sources_of(connection, version.geometry_id)}
        assert waiting_metrologies(connection) == []
    assert found.geometry_id == version.geometry_id
    assert roles == {"xtal1": SourceRole.REFINED, "xtal2": SourceRole.HELD_OUT}
    made = candidate().evidence
    assert version.evidence is not None
    assert made is not None
    assert version.evidence.as_json() == json.loads(json.dumps(made.as_json())) | {
        name: getattr(made, name) for name in ("held_out_rmsd_before_mm", "held_out_rmsd_after_mm", "panels")
    }


def test_the_same_models_a_second_time_are_the_version_that_they_were(bench: IsomorphismBench) -> None:
    night(bench)
    end(bench)
    bench.process({"xtal3": TEHA})
    night(bench)
    with bench.services.catalog.transaction() as connection:
        report = MetrologyStepReport("evidence", NOW, NOW, "the same", geometry=candidate())
        assert record_metrology_step(connection, MetrologyId(2), report, [])
        assert len(geometries(connection)) == 1
    assert read(bench, MetrologyId(2)).geometry_id == read(bench).geometry_id


def test_a_metrology_killed_at_every_end_of_every_step_is_done_once(
    bench: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step writes a file; it is killed before its folder settles, its upload, and its record."""
    done: list[str] = []

    def perform(work: MetrologyWork) -> MetrologyFinding:
        done.append(work.step)
        for earlier in METROLOGY_STEPS[: METROLOGY_STEPS.index(work.step)]:
            assert work.output_of(earlier, "said.txt").read_text() == earlier
        (work.staging / "said.txt").write_text(work.step)
        if work.step == "evidence":
            return MetrologyFinding("better", geometry=candidate())
        last = work.step == METROLOGY_STEPS[-1]
        state = MetrologyState.CANDIDATE if last else None
        return MetrologyFinding("done", state=state, sentence="Better." if last else "")

    night(bench)
    monkeypatch.setattr(stage, "PERFORM", dict.fromkeys(METROLOGY_STEPS, perform))
    for step in METROLOGY_STEPS:
        for end_of_step in ENDS:
            with monkeypatch.context() as patched:
                kill_at(end_of_step, stage, patched)
                with pytest.raises(KeyboardInterrupt):
                    stage.run_metrology_step(bench.services, FIRST, step)
            assert step not in read(bench).steps_done
        found = stage.run_metrology_step(bench.services, FIRST, step)
        assert step in found.steps_done
        # The next step is done on another machine, which has the store only.
        shutil.rmtree(bench.services.run_root / found.place)
    assert found.state is MetrologyState.CANDIDATE
    # Only what was killed before its folder was whole is done again; later steps were killed before they
    # began, while their predecessors' folders came back from the store.
    assert done == [METROLOGY_STEPS[0], *METROLOGY_STEPS]
    with bench.services.catalog.transaction() as connection:
        assert len(geometries(connection)) == 1
        files = metrology_result(connection, FIRST).files
    for step in METROLOGY_STEPS:
        assert bench.services.store.stat(files[f"{step}/said.txt"]).size_bytes == len(step)


def test_the_command_shows_what_came_of_it_and_lists_the_newest(
    bench: IsomorphismBench, catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(bench)
    end(bench)
    point_at(monkeypatch, catalog_dsn, tmp_path)
    text = call("metrology", "show", "1")
    assert "Metrology 1, i24 250 mm: candidate" in text
    assert "It is better." in text
    assert "plate3 xtal1: refined, it has the most reflections" in text
    assert "Panel1, fixed" in text
    assert "250.370" in text
    assert "It is better." in call("metrology", "show")
    document = json.loads(call("metrology", "show", "1", "--json"))
    (shown,) = document["metrologies"]
    assert shown["geometry_id"] == 1
    assert shown["evidence"]["details"]["panels"][0]["shift_um"] == [26.4, -22.0, 8.5]
    assert [sweep["role"] for sweep in shown["sweeps"]] == ["refined", "held_out"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "not said whose detector"),
        (("--beamline", "i24", "--set", "integrate.profile.fitting=False"), "no options for integrate"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    catalog_dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    point_at(monkeypatch, catalog_dsn, tmp_path)
    result = CliRunner().invoke(app, ["metrology", "run", *arguments])
    assert result.exit_code == 1
    assert words in str(result.exception)
