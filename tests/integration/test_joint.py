"""Joint refinements in the catalogue: asked for once, ended once, shown with their figures."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.services.isomorphism_bench import IsomorphismBench, alike, open_isomorphism_bench
from tests.services.joint_bench import JointBench
from tests.services.joint_figures import comparison, figures, member
from tests.services.shell_calls import call, point_at
from typer.testing import CliRunner

from beamloop.catalog.joint import fail_joint, record_joint_step
from beamloop.catalog.joint_requests import waiting_joints
from beamloop.catalog.joint_results import joint_result, joints_of_collection
from beamloop.cli.main import app
from beamloop.dials_cli.handle import Dials
from beamloop.joint.night import take_up_groups
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import RunId
from beamloop.records.joint import JointId, JointOptions, JointState, JointStepReport
from beamloop.records.outcome import Outcome, OutcomeCode

pytestmark = pytest.mark.integration

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
VERSION = "3.12.1"


class FixedVersion:
    """A DIALS that only tells its version."""

    def version(self) -> str:
        return VERSION


@pytest.fixture
def plate(tmp_path: Path, catalog_dsn: str) -> Iterator[IsomorphismBench]:
    opened = open_isomorphism_bench(tmp_path, catalog_dsn)
    opened.process(alike(3))
    yield opened
    opened.services.catalog.close()


@pytest.fixture
def bench(plate: IsomorphismBench) -> JointBench:
    services = replace(plate.services, dials=cast(Dials, FixedVersion()))
    made = JointBench(services, plate.collection_id)
    made.report({"A": ["xtal1", "xtal2"], "B": ["xtal3"]})
    return made


def night(bench: JointBench) -> list[list[object]]:
    return take_up_groups(bench.services.catalog, VERSION, dag_run_id="tonight")


def runs_of(bench: JointBench, joint_id: JointId) -> list[RunId]:
    return [found.run_id for found in bench.joint(joint_id).members]


def end(bench: JointBench, joint_id: JointId, state: JointState = JointState.PUBLISHED) -> bool:
    """Record steps as the stage does."""
    first, second = runs_of(bench, joint_id)
    made = comparison(
        replace(member(1, figures(98.0), figures(98.3)), run_id=first),
        replace(member(2, figures(98.2), figures(98.3)), run_id=second),
    )
    reports = (
        JointStepReport("refine", NOW, NOW, "2 crystals", comparison=made, artifact_names=("refined.expt",)),
        JointStepReport("report", NOW, NOW, state.value, state=state, sentence="It helped."),
    )
    stored = StoredObject(f"i24/joint/joint-{joint_id}/refined.expt", "a" * 64, 3)
    recorded = []
    for report in reports:
        with bench.services.catalog.transaction() as connection:
            artifacts = [stored] * len(report.artifact_names)
            recorded.append(record_joint_step(connection, joint_id, report, artifacts))
    return all(recorded)


def test_a_night_takes_groups_of_two_and_more_once(bench: JointBench) -> None:
    assert night(bench) == [[1, "plate3 A"]]
    # Not ended: the next night goes on with it, and asks for nothing new.
    assert night(bench) == [[1, "plate3 A"]]
    end(bench, JointId(1))
    assert night(bench) == []


def test_a_new_member_makes_its_group_new_and_no_other(plate: IsomorphismBench, bench: JointBench) -> None:
    plate.process({"xtal4": alike(4)["xtal4"]})
    bench.report({"A": ["xtal1", "xtal2"], "B": ["xtal3", "xtal4"]})
    for number, _ in night(bench):
        end(bench, JointId(cast(int, number)))
    plate.process({"xtal5": alike(5)["xtal5"]})
    bench.report({"A": ["xtal1", "xtal2"], "B": ["xtal3", "xtal4", "xtal5"]})
    assert [name for _, name in night(bench)] == ["plate3 B"]


def test_other_options_are_other_work_and_a_person_may_repeat_what_is_known(bench: JointBench) -> None:
    first = bench.ask()
    assert first is not None
    assert bench.ask() is None
    assert bench.ask(again=True) is None  # it waits still
    end(bench, first)
    assert bench.ask() is None
    assert bench.ask(again=True) is not None
    assert bench.ask(options=JointOptions(crystals_at_once=10)) is not None


def test_a_beamline_says_what_the_programs_may_use_and_that_makes_no_other_work(
    bench: JointBench, tmp_path: Path
) -> None:
    file = tmp_path / "i24.yaml"
    for hours in (2, 3):
        file.write_text(f"beamline: i24\nroots: [x]\nlimits: {{program_time_s: {3600 * hours}}}\n")
        take_up_groups(bench.services.catalog, VERSION, dag_run_id="tonight", beamlines_directory=tmp_path)
    with bench.services.catalog.transaction() as connection:
        (joint_id,) = waiting_joints(connection)
    assert bench.joint(joint_id).options.limits.time_s == 7200


def test_a_step_is_recorded_once_and_the_first_word_stands(bench: JointBench) -> None:
    joint_id = bench.ask()
    assert joint_id is not None
    assert end(bench, joint_id)
    assert not end(bench, joint_id, JointState.KEPT)
    with bench.services.catalog.transaction() as connection:
        fail_joint(connection, joint_id, Outcome(OutcomeCode.PROGRAM_CRASHED, "Late.", "refine"))
        assert waiting_joints(connection) == []
    assert bench.joint(joint_id).state is JointState.PUBLISHED
    assert bench.joint(joint_id).sentence == "It helped."


def test_figures_come_back_as_they_were_recorded(bench: JointBench) -> None:
    joint_id = bench.ask()
    assert joint_id is not None
    end(bench, joint_id)
    with bench.services.catalog.transaction() as connection:
        found = joint_result(connection, joint_id).comparison
        (same,) = joints_of_collection(connection, bench.collection_id)
    assert found is not None
    assert found == same.comparison
    first, second = found.members
    assert (first.name, second.name) == ("xtal1", "xtal2")
    assert first.before == figures(98.0)
    assert first.after == figures(98.3)
    assert found.after.lcv_percent == 0.0
    assert found.worse == ()


def test_a_failure_keeps_its_reason(bench: JointBench) -> None:
    joint_id = bench.ask()
    assert joint_id is not None
    outcome = Outcome(OutcomeCode.TOO_FEW_REFLECTIONS, "Fewer than two crystals.", "refine")
    with bench.services.catalog.transaction() as connection:
        fail_joint(connection, joint_id, outcome)
    assert bench.joint(joint_id).outcome == outcome
    assert night(bench) == []  # the same would fail again


def test_the_command_shows_before_and_after(
    bench: JointBench, catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joint_id = bench.ask()
    assert joint_id is not None
    point_at(monkeypatch, catalog_dsn, tmp_path)
    waiting = json.loads(call("joint", "show", "plate3", "--json"))
    assert waiting["joints"][0]["state"] == "waiting"
    end(bench, joint_id)
    text = call("joint", "show", "plate3", "--group", "A")
    assert "plate3, group A: published" in text
    assert "98.000 98.000" in text
    document = json.loads(call("joint", "show", "plate3", "--json"))
    (shown,) = document["joints"]
    assert shown["comparison"]["members"][0]["after"]["cell"][0] == 98.3
    assert shown["files"] == {"refine/refined.expt": f"i24/joint/joint-{joint_id}/refined.expt"}


def test_the_command_refuses_options_of_other_programs(
    bench: JointBench, catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(monkeypatch, catalog_dsn, tmp_path)
    result = CliRunner().invoke(app, ["joint", "plate3", "--set", "index.indexing.method=fft1d"])
    assert result.exit_code == 1
    assert "Joint refinement takes no options for index" in str(result.exception)
