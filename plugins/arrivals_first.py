"""What has just been collected goes before what is processed again: a person is waiting at the beamline."""

from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin
from airflow.task.priority_strategy import PriorityWeightStrategy

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

# More than any step's own weight: the first step of an arrival goes before the last one of all others.
BEFORE_ALL_OTHERS = 10


class ArrivalsFirst(PriorityWeightStrategy):
    """A task weighs what its DAG file says, and more in a run of sweeps that the watcher has found."""

    def get_weight(self, ti: "TaskInstance") -> int:
        """Return the weight among the tasks that wait for a place in the pool."""
        from beamloop.records.identifiers import has_arrived

        weight = ti.task.priority_weight if ti.task else 1
        return weight + BEFORE_ALL_OTHERS if has_arrived(ti.run_id) else weight


class ArrivalsFirstPlugin(AirflowPlugin):
    """Makes the order known to Airflow."""

    name = "beamloop_arrivals_first"
    priority_weight_strategies = [ArrivalsFirst]  # noqa: RUF012  # as Airflow declares it
