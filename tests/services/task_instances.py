"""Airflow's records of the task instances of a run."""

from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.airflow_session import Json

PAGE = 100  # the server's upper limit


def task_instances(airflow: AirflowClient, dag_id: str, dag_run_id: str) -> list[Json]:
    """Return all task instances of a run, every map index its own.

    Parameters
    ----------
    airflow
        An open client.
    dag_id, dag_run_id
        Whose.
    """
    found: list[Json] = []
    while True:
        path = f"/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances?limit={PAGE}&offset={len(found)}"
        page = airflow.expect(airflow.call("GET", path), f"run {dag_run_id} of {dag_id}")
        found += page["task_instances"]
        if not page["task_instances"] or len(found) >= page["total_entries"]:
            return found
