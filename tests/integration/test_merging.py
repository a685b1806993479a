"""Merges in the catalogue: refused where the results are not for merging, shown with their table."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.services.filled_catalogue import parameters
from tests.services.isomorphism_bench import TEHA, IsomorphismBench, open_isomorphism_bench
from tests.services.joint_bench import JointBench
from tests.services.shell_calls import call, point_at

from beamloop.catalog.merging import end_merge, merge_result
from beamloop.catalog.runs import record_step
from beamloop.cli import merge as command
from beamloop.cli import merge_requests
from beamloop.dials_cli.handle import Dials
from beamloop.errors import InvalidInputError, NotFoundError, PermanentError
from beamloop.merging.ask import Asked, ask_for_groups
from beamloop.records.artifact import StoredObject
from beamloop.records.merging import MergedData, MergeId, MergeReport, MergeState, ShellFigures
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.run import StepReport

pytestmark = pytest.mark.integration

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
OVERALL = ShellFigures(30.0, 2.0, 900, 300, 98.0, 3.0, 0.05, 0.06, 0.03, 0.998, 12.0)
SHELL = ShellFigures(2.1, 2.0, 60, 30, 90.0, 2.0, None, None, None, None, 2.0)
MERGED = MergedData("H 3", TEHA, 1, OVERALL, (replace(OVERALL, d_min_angstrom=2.1), SHELL))


class EndingAirflow:
    """An Airflow whose DAG runs end; what they do is the test's."""

    def __init__(self, work: Callable[[list[MergeId]], object]) -> None:
        self._work = work
        self.runs: list[str] = []

    def __enter__(self) -> "EndingAirflow":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def trigger(self, dag_id: str, dag_run_id: str, conf: Mapping[str, list[MergeId]]) -> bool:
        self.runs.append(dag_id)
        self._work(conf["merge_ids"])
        return True

    def dag_run_state(self, dag_id: str, dag_run_id: str) -> str:
        return "success"


class FixedVersion:
    """A DIALS that only tells its version."""

    def version(self) -> str:
        return "3.12.1"


@pytest.fixture
def plate(tmp_path: Path, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsomorphismBench]:
    """One sweep processed for cells (group B), two for merging (A), one of them not integrated."""
    opened = open_isomorphism_bench(tmp_path, catalog_dsn)
    opened.process({"fast": TEHA})
    opened.plate.ask("whole", "bare", how=parameters(profile="full"))
    integrated(opened, "whole")
    for sweep in ("whole", "bare"):
        opened.end_processed(sweep, [TEHA])
    services = replace(opened.services, dials=cast(Dials, FixedVersion()))
    JointBench(services, opened.collection_id).report({"A": ["whole", "bare"], "B": ["fast"]})
    point_at(monkeypatch, catalog_dsn, tmp_path)
    monkeypatch.setattr(command, "find_dials", FixedVersion)
    yield opened
    opened.services.catalog.close()


def integrated(plate: IsomorphismBench, sweep: str) -> None:
    """Record that a sweep was integrated as one block."""
    report = StepReport("integrate", NOW, NOW, "", artifact_names=("integrated.expt", "integrated.refl"))
    stored = [StoredObject(f"i24/{name}", "a" * 64, 3) for name in report.artifact_names]
    with plate.services.catalog.transaction() as connection:
        record_step(connection, plate.plate.runs[sweep], report, stored)


def ask(plate: IsomorphismBench, group: str | None = None, d_min_angstrom: float | None = None) -> Asked:
    with plate.services.catalog.transaction() as connection:
        return ask_for_groups(
            connection,
            "3.12.1",
            plate.collection_id,
            requested_by="anna",
            group=group,
            d_min_angstrom=d_min_angstrom,
        )


def end(plate: IsomorphismBench, merge_id: MergeId, report: MergeReport) -> bool:
    stored = [StoredObject(f"i24/merge-{merge_id}/{name}", "b" * 64, 5) for name in report.artifact_names]
    with plate.services.catalog.transaction() as connection:
        return end_merge(connection, merge_id, report, stored)


def test_results_for_cells_are_refused_and_what_was_not_integrated_leaves_by_name(
    plate: IsomorphismBench,
) -> None:
    asked = ask(plate)
    assert list(asked.refusals) == ["B"]
    assert "profile cells is for cells" in asked.refusals["B"]
    with plate.services.catalog.transaction() as connection:
        merge = merge_result(connection, asked.merge_ids[0]).merge
    assert merge.group_name == "A"
    assert [member.sweep_name for member in merge.taken] == ["whole"]
    assert merge.options.space_group == "H 3"
    assert {member.sweep_name: bool(member.left_why) for member in merge.members} == {
        "bare": True,
        "whole": False,
    }
    with pytest.raises(InvalidInputError, match="not for merging"):
        call("merge", "plate3", "--group", "B")
    with pytest.raises(NotFoundError, match="no group C"):
        ask(plate, "C")


def test_a_sweep_of_several_lattices_is_refused(tmp_path: Path, catalog_dsn: str) -> None:
    twin = open_isomorphism_bench(tmp_path, catalog_dsn)
    twin.plate.ask("twin", how=parameters(profile="full"))
    integrated(twin, "twin")
    twin.end_processed("twin", [TEHA, TEHA])
    bench = JointBench(replace(twin.services, dials=cast(Dials, FixedVersion())), twin.collection_id)
    bench.report({"A": ["twin"]})
    assert "several lattices" in ask(twin).refusals["A"]
    twin.services.catalog.close()


def test_the_same_work_is_asked_for_once_and_what_failed_again(plate: IsomorphismBench) -> None:
    first = ask(plate, "A").merge_ids
    assert ask(plate, "A").merge_ids == first
    assert ask(plate, "A", 2.5).merge_ids != first
    outcome = Outcome(OutcomeCode.TOO_FEW_REFLECTIONS, "All data sets were bad.", "merge")
    failed = MergeReport(outcome.sentence, outcome=outcome)
    assert end(plate, first[0], failed)
    assert not end(plate, first[0], MergeReport("Merged.", MERGED))
    assert ask(plate, "A").merge_ids != first


def test_the_command_shows_what_was_merged_as_it_was_recorded(plate: IsomorphismBench) -> None:
    (merge_id,) = ask(plate, "A").merge_ids
    end(plate, merge_id, MergeReport("Merged.", MERGED, artifact_names=("merged.mtz",)))
    with plate.services.catalog.transaction() as connection:
        result = merge_result(connection, merge_id)
    assert result.merge.state is MergeState.MERGED
    assert result.merged == MERGED
    text = call("merge", "plate3")
    for words in ("H 3", "2.10 to 2.00", "98.0", "0.060", "bare is left out", "Group B is not merged"):
        assert words in text
    document = json.loads(call("merge", "plate3", "--json"))
    (shown,) = document["merges"]
    assert shown["merged"]["overall"]["r_meas"] == 0.06
    assert shown["files"] == {"merged.mtz": f"i24/merge-{merge_id}/merged.mtz"}
    assert list(document["refused"]) == ["B"]


def test_the_command_asks_airflow_once_and_says_when_it_gave_up(
    plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = EndingAirflow(len)
    monkeypatch.setattr(merge_requests, "open_airflow", lambda: idle)
    with pytest.raises(PermanentError, match="without finishing the merge"):
        call("merge", "plate3", "--d-min", "3")
    able = EndingAirflow(
        lambda chosen: [end(plate, merge_id, MergeReport("Merged.", MERGED)) for merge_id in chosen]
    )
    monkeypatch.setattr(merge_requests, "open_airflow", lambda: able)
    for _ in range(2):
        (shown,) = json.loads(call("merge", "plate3", "--d-min", "3", "--json"))["merges"]
        assert shown["state"] == "merged"
    assert (idle.runs, able.runs) == (["merge_group"], ["merge_group"])
