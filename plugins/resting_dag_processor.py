"""Let Airflow's dag-processor look for changed DAG files, and for what it is asked to do, less often at rest.

Airflow 3.3.2 means to go around once a second, and goes around twice: after a round that has waited for a
second the next one does not wait.
"""

from typing import Any

# A DAG file that has changed is read this much later at most. The program says at the end of each round that
# it lives, every 5 s at most; one that has not for 30 s is taken for dead.
REST_S = 5.0


def look_seldom_at_rest() -> None:
    """Wait longer between rounds in which no file is being read and none is to be."""
    from airflow.dag_processing.manager import DagFileProcessorManager

    wait = DagFileProcessorManager._service_processor_sockets  # noqa: SLF001 - Airflow has no public way

    def wait_longer(self: Any, timeout: float | None = 1.0) -> None:
        is_resting = not self._processors and not self._file_queue
        wait(self, REST_S if is_resting else timeout)

    DagFileProcessorManager._service_processor_sockets = wait_longer  # type: ignore[method-assign]  # noqa: SLF001
