"""Let Airflow's scheduler, triggerer and dag-processor do less while there is nothing to do.

Each of these programs tells its plugins that it starts, before it does anything. What is changed of Airflow's
private parts was read in one version only; any other version is used as it is. Measured in decision 28.
"""

import importlib
import logging
import sys
from importlib.metadata import version
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger("beamloop.airflow_at_rest")

READ_IN = "3.3.2"
# By the module of Airflow that a program has imported when it starts: ours, and its function that changes it.
CHANGES = {
    "airflow.jobs.scheduler_job_runner": ("resting_scheduler", "ask_before_passes"),
    "airflow.jobs.triggerer_job_runner": ("resting_triggerer", "ask_for_triggers_at_once"),
    "airflow.dag_processing.manager": ("resting_dag_processor", "look_seldom_at_rest"),
}
QUIET_PING = ("quiet_ping", "ping_without_asking")


class Starts:
    """Hears of each program that starts."""

    def __init__(self) -> None:
        self._done: set[str] = set()

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Change the program that this process is; a task's process is none of them."""
        theirs = [module for module in CHANGES if module in sys.modules and module not in self._done]
        # A task's process says that it starts too, and has what its parent had.
        if not theirs or type(component).__name__ != "Job":
            return
        self._done.update(CHANGES)
        if version("apache-airflow") != READ_IN:
            log.warning("Airflow is not %s: its programs rest as they do by themselves.", READ_IN)
            return
        for name, change in (QUIET_PING, *(CHANGES[module] for module in theirs)):
            getattr(importlib.import_module(name), change)()


class AirflowAtRest(AirflowPlugin):
    """Hears of each program that starts."""

    name = "beamloop_airflow_at_rest"
    listeners = [Starts()]  # noqa: RUF012  # an attribute of each plugin, as Airflow declares it
