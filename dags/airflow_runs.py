"""What Airflow says of its runs and tasks, asked from inside a task."""

from collections.abc import Iterator, Sequence
from typing import Any

from airflow.sdk import get_current_context

DAG = "process_collection"
STATES = ("queued", "running", "success", "failed")
AT_WORK = ["queued", "running"]
METROLOGY_DAG, APPROVE = "refine_metrology", "detector.approve"
# A task in one of these asks nobody. One that succeeded has an answer, which another one carries out.
ASKS_NOBODY = ("failed", "upstream_failed", "skipped", "removed")
# The names travel in an address, which servers take up to 8000 characters.
ASKED_AT_ONCE = 50


class AskedDagRuns:
    """The runs as the task's own Airflow knows them; see `beamloop.sweep.lost_requests.DagRuns`."""

    def __init__(self) -> None:
        self._task: Any = get_current_context()["ti"]

    def all_at_work(self, dag_run_ids: Sequence[str]) -> bool:
        """Tell whether each of these runs is there and queued or running."""
        return all(self._count(asked, AT_WORK) == len(asked) for asked in _in_parts(dag_run_ids))

    def state(self, dag_run_id: str) -> str:
        """Return a run's state, "" where there is no such run."""
        if self._count([dag_run_id], None) == 0:
            return ""
        answer = self._task.get_dagrun_state(DAG, dag_run_id)
        # Airflow answers with a member of an enumeration, whose str() is not its value.
        return next(state for state in STATES if state == answer)

    def gave_up(self, dag_run_id: str) -> bool:
        """Tell whether the run's summary failed by itself."""
        found = self._task.get_task_states(DAG, task_ids=["summarise"], run_ids=[dag_run_id])
        return bool(found.get(dag_run_id, {}).get("summarise") == "failed")

    def _count(self, dag_run_ids: Sequence[str], states: list[str] | None) -> int:
        return int(self._task.get_dr_count(DAG, run_ids=list(dag_run_ids), states=states))


class AskedApprovals:
    """The tasks that ask about candidates, as the task's own Airflow knows them.

    See `beamloop.metrology.ask_again.ApprovalTasks`.
    """

    def __init__(self) -> None:
        self._task: Any = get_current_context()["ti"]

    def asks(self, dag_run_id: str, map_index: int) -> bool:
        """Tell whether the task asks, will ask, or has an answer that is being carried out."""
        found = self._task.get_task_states(
            METROLOGY_DAG, map_index=map_index, task_ids=[APPROVE], run_ids=[dag_run_id]
        )
        tasks = found.get(dag_run_id, {})
        if tasks:
            return not any(state in ASKS_NOBODY for state in tasks.values())
        # The detectors of a run are not known before its first task has ended.
        return int(self._task.get_dr_count(METROLOGY_DAG, run_ids=[dag_run_id], states=AT_WORK)) > 0


def _in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(names), ASKED_AT_ONCE):
        yield names[at : at + ASKED_AT_ONCE]
