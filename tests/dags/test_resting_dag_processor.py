"""The dag-processor waits longer between rounds in which there is no file to read."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.dags


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Let Airflow's dag-processor be changed, and provide how long it waits."""
    from airflow.dag_processing.manager import DagFileProcessorManager

    import resting_dag_processor

    found: list[float | None] = []
    monkeypatch.setattr(
        DagFileProcessorManager, "_service_processor_sockets", lambda _, timeout: found.append(timeout)
    )
    resting_dag_processor.look_seldom_at_rest()
    return found


def test_rounds_are_further_apart_only_while_no_file_is_read_or_to_be_read(
    waits_s: list[float | None],
) -> None:
    from airflow.dag_processing.manager import DagFileProcessorManager

    from resting_dag_processor import REST_S

    wait: Any = DagFileProcessorManager._service_processor_sockets
    wait(SimpleNamespace(_processors={"a.py": 1}, _file_queue={}), timeout=0.7)
    wait(SimpleNamespace(_processors={}, _file_queue={"a.py": 1}), timeout=0.0)
    wait(SimpleNamespace(_processors={}, _file_queue={}), timeout=0.0)
    assert waits_s == [0.7, 0.0, REST_S]


def test_a_program_at_rest_says_twice_as_often_as_it_must_that_it_lives() -> None:
    from airflow.configuration import conf

    from resting_dag_processor import REST_S

    # It says so in the first round after Airflow's interval.
    between_s = REST_S + conf.getfloat("scheduler", "job_heartbeat_sec")
    assert 2 * between_s <= conf.getfloat("dag_processor", "health_check_threshold")
