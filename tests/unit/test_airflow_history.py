"""Which of Airflow's ended runs and log files go."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beamloop.errors import InvalidInputError
from beamloop.housekeeping.airflow_history import ends_of_history, history_kept, trim_runs
from beamloop.housekeeping.airflow_logs import trim_logs
from beamloop.housekeeping.trim_airflow import Trimmed

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
KEPT = timedelta(days=90)


class Airflow:
    """Runs by DAG and name, with their ends; None while they go on."""

    def __init__(self, runs: dict[str, dict[str, datetime | None]]) -> None:
        self.runs = runs

    def newest_run(self, dag_id: str) -> str:
        return max(self.runs.get(dag_id, {}), default="")

    def ended_runs(self, dag_id: str, before: datetime, limit: int) -> tuple[list[str], int]:
        found = [name for name, end in sorted(self.runs.get(dag_id, {}).items()) if end and end < before]
        return found[:limit], len(found)

    def delete_runs(self, dag_id: str, names: Sequence[str]) -> int:
        for name in names:
            del self.runs[dag_id][name]
        return len(names)


def runs_each_day(count: int) -> dict[str, datetime | None]:
    return {f"run-{count - age:03d}": NOW - timedelta(days=age, minutes=1) for age in range(count)}


@pytest.mark.parametrize(("dag_id", "left"), [("process_collection", 90), ("watch_collections", 7)])
def test_runs_go_after_the_time_of_their_kind(dag_id: str, left: int) -> None:
    airflow = Airflow({dag_id: runs_each_day(101)})
    assert trim_runs(airflow, ends_of_history(NOW, KEPT), dry_run=False) == {dag_id: 101 - left}
    assert min(airflow.runs[dag_id]) == f"run-{102 - left:03d}"


def test_what_goes_on_and_the_newest_run_stay_however_old_they_are() -> None:
    long_ago = NOW - timedelta(days=400)
    airflow = Airflow({"refine_metrology": {"a": long_ago, "b": None, "c": long_ago}})
    trim_runs(airflow, ends_of_history(NOW, KEPT), dry_run=False)
    assert sorted(airflow.runs["refine_metrology"]) == ["b", "c"]


def test_a_dry_run_only_counts() -> None:
    airflow = Airflow({"housekeeping": runs_each_day(20)})
    assert trim_runs(airflow, ends_of_history(NOW, KEPT), dry_run=True) == {"housekeeping": 13}
    assert len(airflow.runs["housekeeping"]) == 20


def test_a_history_that_is_kept_for_days_only_keeps_watching_runs_no_longer() -> None:
    ends = ends_of_history(NOW, timedelta(days=3))
    assert set(ends.values()) == {NOW - timedelta(days=3)}


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "for ever"])
def test_a_time_that_cannot_be_is_named(days: str) -> None:
    with pytest.raises(InvalidInputError, match="beamloop_airflow_history_days"):
        history_kept(days)


def test_a_history_may_be_kept_for_ever() -> None:
    assert history_kept("never") is None
    assert history_kept("30") == timedelta(days=30)


def write_log(folder: Path, place: str, age: timedelta) -> Path:
    """Write a log and set it and its folders back in time."""
    path = folder / place
    path.parent.mkdir(parents=True)
    path.write_text("said")
    then = (NOW - age).timestamp()
    for one in (path, *path.parents[: len(Path(place).parts) - 1]):
        os.utime(one, (then, then))
    return path


def test_logs_go_with_their_runs_and_those_of_others_stay(tmp_path: Path) -> None:
    old, new = timedelta(days=91), timedelta(days=1)
    gone = write_log(tmp_path, "dag_id=process_collection/run_id=a/task_id=list_runs/attempt=1.log", old)
    stay = [
        write_log(tmp_path, "dag_id=process_collection/run_id=b/task_id=list_runs/attempt=1.log", new),
        write_log(tmp_path, "dag_id=somebody_elses/run_id=a/task_id=one/attempt=1.log", old),
        write_log(tmp_path, "dag_id=process_collection/notes/mine.txt", old),
    ]
    stale_day = write_log(tmp_path, f"dag_processor/{(NOW - old).date()}/dags/watch.py.log", old)
    stay.append(write_log(tmp_path, f"dag_processor/{NOW.date()}/dags/watch.py.log", new))
    before = ends_of_history(NOW, KEPT)
    assert trim_logs(tmp_path, before, dry_run=True) == (2, 8)
    assert gone.exists()
    assert trim_logs(tmp_path, before, dry_run=False) == (2, 8)
    assert not gone.parents[1].exists()
    assert not stale_day.exists()
    assert all(path.exists() for path in stay)


def test_an_old_run_that_was_cleared_and_writes_again_keeps_its_logs(tmp_path: Path) -> None:
    old = write_log(tmp_path, "dag_id=process_collection/run_id=a/task_id=index/attempt=1.log", KEPT * 2)
    again = old.with_name("attempt=2.log")
    again.write_text("once more")
    os.utime(again, (NOW.timestamp(), NOW.timestamp()))
    assert trim_logs(tmp_path, ends_of_history(NOW, KEPT), dry_run=False) == (0, 0)


def test_a_link_out_of_the_logs_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    kept = write_log(outside, "run_id=a/attempt=1.log", KEPT * 2)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "dag_id=process_collection").symlink_to(outside)
    assert trim_logs(tmp_path / "logs", ends_of_history(NOW, KEPT), dry_run=False) == (0, 0)
    assert kept.exists()


def test_a_machine_without_logs_has_nothing_to_trim(tmp_path: Path) -> None:
    assert trim_logs(tmp_path / "none", ends_of_history(NOW, KEPT), dry_run=False) == (0, 0)


def test_what_went_is_said_in_one_line() -> None:
    trimmed = Trimmed({"watch_collections": 288}, {"log": 5120}, 290, 1_812_000)
    assert trimmed.summary() == (
        "Removed of Airflow's history: 288 runs of watch_collections, 5120 rows of the table log, "
        "290 folders of logs (1.8 MB)."
    )
    assert Trimmed({}, {}, 0, 0).summary(dry_run=True) == "To be removed of Airflow's history: nothing."
