"""Every way in which a task can end or pause, for the test of the executor."""

import os
import signal
import time
from datetime import timedelta

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import Asset, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

MADE = Asset("made_by_ways_to_end")


@task(retries=1, retry_delay=timedelta(seconds=0))
def retried() -> None:
    """Fail at the first try."""
    if get_current_context()["ti"].try_number == 1:
        raise RuntimeError("once")


@task(retries=1, retry_delay=timedelta(seconds=0))
def killed() -> None:
    """End by SIGKILL at the first try, as the kernel ends a process without memory."""
    if get_current_context()["ti"].try_number == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@task
def skipped() -> None:
    """Be skipped."""
    raise AirflowSkipException("nothing to do")


@task(retries=0)
def failed() -> None:
    """Fail."""
    raise RuntimeError("for good")


@task(retries=0, execution_timeout=timedelta(seconds=1))
def timed_out() -> None:
    """Take longer than allowed."""
    time.sleep(30)


@task(outlets=[MADE])
def makes() -> str:
    """Tell that an asset is there, and return a value."""
    return "made"


@task
def takes(made: str) -> None:
    """Take another task's value."""
    assert made == "made"


@dag(dag_id="ways_to_end", schedule=None)
def ways_to_end() -> None:
    """Order of the tasks."""
    retried()
    killed()
    skipped()
    failed()
    timed_out()
    takes(makes())  # type: ignore[arg-type] # XCom carries it
    TimeDeltaSensor(task_id="deferred", delta=timedelta(seconds=1), deferrable=True)


@dag(dag_id="starts_when_made", schedule=[MADE], catchup=False)
def starts_when_made() -> None:
    """Order of the tasks."""

    @task
    def started() -> None:
        """Do nothing."""

    started()


ways_to_end()
starts_when_made()
