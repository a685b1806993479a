"""A step is done exactly once, whatever is killed, away, damaged or on another machine."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from tests.services.killed_steps import SETTLING, UPLOAD, killed

from beamloop.errors import (
    ArtifactDamagedError,
    InvalidInputError,
    PermanentError,
    StepBusyError,
    StoreUnavailableError,
    TransientError,
)
from beamloop.records.artifact import StoredObject
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.step import TimedReport
from beamloop.services import Services
from beamloop.step_folders import folders
from beamloop.steps.once import do_once
from beamloop.steps.report_file import ReportFile
from beamloop.steps.stage import Stage, Step, StepOrder
from beamloop.storage.local_store import LocalStore

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PLACE = "i24/plate3/joint-3"
BOTH = ("refine", "report")


@dataclass
class Memory:
    """A catalogue that remembers until the test ends, and services around it."""

    folder: Path
    steps: dict[str, dict[str, StoredObject]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)
    performed: list[str] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator["Memory"]:
        yield self

    @property
    def services(self) -> Services:
        return Services(
            cast(Any, self), LocalStore(self.folder / "artifacts"), cast(Any, None), self.folder / "runs"
        )

    def record(self, _: object, number: int, report: TimedReport, stored: Sequence[StoredObject]) -> None:
        self.steps[report.step] = dict(zip(report.artifact_names, stored, strict=True))

    def artifacts_of(self, _: object, number: int, step: str) -> Mapping[str, StoredObject]:
        return self.steps.get(step, {})

    @property
    def stage(self) -> Stage[int, TimedReport]:
        return Stage(
            kind="Joint refinement",
            reports=ReportFile(TimedReport),
            record=self.record,
            note_trouble=lambda _, number, words: self.troubles.append(words),
            fail=lambda _, number, outcome: self.failures.append(outcome),
            order=StepOrder(BOTH, self.artifacts_of, "this group"),
        )

    def do(self, name: str, stage: Stage[int, TimedReport] | None = None) -> TimedReport:
        def perform(staging: Path) -> TimedReport:
            self.performed.append(name)
            (staging / "logs").mkdir()
            (staging / "logs" / "said.txt").write_text(name)
            return TimedReport(name, NOW, NOW, f"{name} is done")

        return do_once(self.services, stage or self.stage, Step(3, PLACE, name), perform)

    @property
    def directory(self) -> Path:
        return self.folder / "runs" / PLACE


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


def test_a_step_leaves_its_folder_its_files_in_the_store_and_its_record(memory: Memory) -> None:
    report = memory.do("refine")
    assert report.finding == "refine is done"
    assert report.artifact_names == ("logs/said.txt", "step.json")
    assert (memory.directory / "refine" / "logs" / "said.txt").read_text() == "refine"
    assert {stored.key for stored in memory.steps["refine"].values()} == {
        f"{PLACE}/refine/logs/said.txt",
        f"{PLACE}/refine/step.json",
    }
    assert memory.do("refine") == report
    assert memory.performed == ["refine"]


def test_the_only_step_of_a_stage_is_not_named_in_the_keys(memory: Memory) -> None:
    memory.do("refine", replace(memory.stage, order=None))
    assert memory.steps["refine"]["step.json"].key == f"{PLACE}/step.json"


@pytest.mark.parametrize(("place", "times"), [(SETTLING[0], 2), (UPLOAD, 1)])
def test_what_a_killed_step_left_whole_is_not_done_again(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, place: str, times: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, killed)
        with pytest.raises(KeyboardInterrupt):
            memory.do("refine")
    assert memory.steps == {}
    memory.do("refine")
    assert memory.performed == ["refine"] * times
    assert set(memory.steps["refine"]) == {"logs/said.txt", "step.json"}


def test_another_machine_has_the_earlier_steps_folders_from_the_store(memory: Memory) -> None:
    memory.do("refine")
    shutil.rmtree(memory.directory)
    memory.do("report")
    assert (memory.directory / "refine" / "logs" / "said.txt").read_text() == "refine"
    assert memory.performed == ["refine", "report"]


def test_a_step_whose_predecessor_is_missing_names_the_task_to_clear(memory: Memory) -> None:
    with pytest.raises(InvalidInputError, match="Joint refinement 3 has not done the step refine") as caught:
        memory.do("report")
    assert caught.value.try_next == "Clear the task refine of this group in Airflow."
    assert (memory.performed, memory.troubles, memory.failures) == ([], [], [])


def test_a_damaged_predecessor_ends_the_work_by_its_name(memory: Memory) -> None:
    memory.do("refine")
    shutil.rmtree(memory.directory)
    said = memory.steps["refine"]["logs/said.txt"]
    memory.steps["refine"]["logs/said.txt"] = replace(said, sha256="0" * 64)
    with pytest.raises(ArtifactDamagedError):
        memory.do("report")
    (failure,) = memory.failures
    assert (failure.code, failure.step) == (OutcomeCode.ARTIFACT_DAMAGED, "report")
    assert said.key in failure.sentence


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoreUnavailableError("The store is away."), "The store is away."),
        (OSError(5, "Input/output error"), "refused"),
    ],
)
def test_trouble_that_may_pass_is_noted_and_the_work_stays(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def away(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(UPLOAD, away)
        with pytest.raises(TransientError, match=words):
            memory.do("refine")
    assert words in memory.troubles[0]
    memory.do("refine")
    assert memory.performed == ["refine"]
    assert memory.failures == []


def test_steps_that_share_inputs_keep_each_other_out_and_others_do_not(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "LOCK_PATIENCE_S", 0.0)
    shared = replace(memory.stage, lock="joint")
    with folders.step_lock(memory.directory, "joint"):
        with pytest.raises(StepBusyError):
            memory.do("refine", shared)
        memory.do("refine")
    assert memory.performed == ["refine"]


def test_a_report_that_is_not_what_was_written_names_the_folder_to_remove(memory: Memory) -> None:
    memory.do("refine")
    path = memory.directory / "refine" / "step.json"
    path.write_text('{"step": "refine"}')
    with pytest.raises(PermanentError, match="cannot be read") as caught:
        memory.do("refine")
    assert caught.value.evidence == str(path)
