"""The executor by itself; what it does to tasks is tested in a real stack."""

import importlib
import threading
import time
from importlib.metadata import version
from multiprocessing import SimpleQueue, Value
from typing import Any

import pytest

from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_executor import executor_settings

pytestmark = pytest.mark.dags


@pytest.fixture
def never_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.executors.local_executor import LocalExecutor

    monkeypatch.setattr(LocalExecutor, "start", lambda _: None)


def test_airflow_finds_the_executors_by_their_names_in_the_settings() -> None:
    from airflow.executors.local_executor import LocalExecutor

    module, _, name = executor_settings("lean")["core"]["executor"].rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), name), LocalExecutor)
    assert executor_settings("stock") == {"core": {"executor": LocalExecutor.__name__}}
    with pytest.raises(InvalidInputError, match="BEAMLOOP_EXECUTOR is 'quick'"):
        executor_settings("quick")


def test_it_was_read_in_the_airflow_that_is_installed() -> None:
    import lean_executor

    # After an update of Airflow: read what is changed of it again, measure, then change READ_IN.
    assert version("apache-airflow") == lean_executor.READ_IN


def test_everything_that_is_imported_before_the_fork_is_there() -> None:
    import task_start

    # What is not there is left to the tasks without a word: each would be slower, and nobody told.
    for name in task_start.IN_EVERY_TASK:
        importlib.import_module(name)


def test_in_another_airflow_nothing_is_changed(
    never_forks: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    import lean_executor

    def parts() -> list[Any]:
        names = ("_on_child_started", "_service_subprocess")
        return [*(getattr(ActivitySubprocess, name) for name in names), DagRun.__dict__["_get_ready_tis"]]

    before = parts()
    monkeypatch.setattr(lean_executor, "READ_IN", "3.3.1")
    lean_executor.LeanExecutor().start()  # type: ignore[no-untyped-call] # Airflow's
    assert all(now is then for now, then in zip(parts(), before, strict=True))
    assert "Airflow is not 3.3.1" in caplog.text


def waiting_executor() -> Any:
    """Make an executor without workers whose queues are open."""
    from lean_executor import LeanExecutor

    executor: Any = LeanExecutor()  # type: ignore[no-untyped-call] # Airflow's
    executor.result_queue, executor.activity_queue = SimpleQueue(), SimpleQueue()
    executor.workers, executor._unread_messages = {}, Value("I")
    executor.change_state = lambda *_: None
    return executor


def test_without_news_the_scheduler_looks_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lean_executor.LONGEST_WAIT_S", 0.2)
    began_s = time.monotonic()
    waiting_executor().sync()
    assert time.monotonic() - began_s >= 0.2


def test_the_scheduler_looks_again_as_soon_as_a_task_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lean_executor.LONGEST_WAIT_S", 60.0)
    executor = waiting_executor()
    timer = threading.Timer(0.1, lambda: executor.result_queue.put(("key", "success", None)))
    timer.start()
    began_s = time.monotonic()
    executor.sync()
    timer.join()
    # Far from the minute, also on a busy machine.
    assert time.monotonic() - began_s < 30
    assert executor.result_queue.empty()
