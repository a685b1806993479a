"""Airflow's programs are changed when they start, each in its own way, and only those that were read."""

import importlib
import logging
import sys
from importlib.metadata import version
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.dags

PROGRAMS = {
    "airflow.jobs.scheduler_job_runner": "resting_scheduler",
    "airflow.jobs.triggerer_job_runner": "resting_triggerer",
    "airflow.dag_processing.manager": "resting_dag_processor",
}


class Job:
    """What a program hands in that starts."""


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provide the names of our modules that have changed Airflow, in their order."""
    import airflow_at_rest

    names: list[str] = []
    for module, function in (airflow_at_rest.QUIET_PING, *airflow_at_rest.CHANGES.values()):
        monkeypatch.setattr(importlib.import_module(module), function, lambda name=module: names.append(name))
    for theirs in PROGRAMS:
        monkeypatch.delitem(sys.modules, theirs, raising=False)
    return names


def test_it_was_read_in_the_airflow_that_is_installed() -> None:
    import airflow_at_rest

    # After an update of Airflow: read what is changed of it again, measure, then change READ_IN.
    assert version("apache-airflow") == airflow_at_rest.READ_IN


def test_airflow_tells_the_plugin_of_a_program_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.jobs.job import Job as AirflowsJob
    from airflow.listeners.listener import get_listener_manager

    (starts,) = (one for one in get_listener_manager().pm.get_plugins() if type(one).__name__ == "Starts")
    # Airflow has its own copy of the module.
    names: dict[str, Any] = starts.on_starting.__globals__
    asked: list[str] = []

    def another_version(name: str) -> str:
        asked.append(name)
        return "3.4.0"

    # As in a program that is none of those: all that would be changed is to stay as it is in this process.
    monkeypatch.setitem(names, "CHANGES", {"sys": ("a", "b")})
    monkeypatch.setattr(starts, "_done", set())
    monkeypatch.setitem(names, "version", another_version)
    AirflowsJob()  # type: ignore[no-untyped-call] # Airflow's
    assert asked == ["apache-airflow"]


@pytest.mark.parametrize(("theirs", "ours"), PROGRAMS.items())
def test_each_program_is_changed_in_its_own_way_once(
    changed: list[str], monkeypatch: pytest.MonkeyPatch, theirs: str, ours: str
) -> None:
    from airflow_at_rest import Starts

    monkeypatch.setitem(sys.modules, theirs, ModuleType(theirs))
    starts = Starts()
    starts.on_starting(Job())
    starts.on_starting(Job())
    assert changed == ["quiet_ping", ours]


def test_neither_a_task_nor_another_program_is_changed(
    changed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_at_rest import Starts

    starts = Starts()
    starts.on_starting(Job())
    monkeypatch.setitem(sys.modules, *next((name, ModuleType(name)) for name in PROGRAMS))
    starts.on_starting(SimpleNamespace())
    assert changed == []


def test_another_airflow_is_left_as_it_is_and_the_log_says_so(
    changed: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow_at_rest import Starts

    monkeypatch.setattr("airflow_at_rest.version", lambda _: "3.4.0")
    monkeypatch.setitem(sys.modules, *next((name, ModuleType(name)) for name in PROGRAMS))
    with caplog.at_level(logging.WARNING):
        Starts().on_starting(Job())
    assert changed == []
    assert "Airflow is not 3.3.2" in caplog.text
