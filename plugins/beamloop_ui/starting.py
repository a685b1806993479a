"""Actions are carried out by Airflow: a DAG run of the name that the catalogue knows the work by."""

from airflow_services import connect_airflow
from beamloop.errors import BeamloopError


def start(dag_id: str, dag_run_id: str, conf: dict[str, int], soon: str) -> str:
    """Start a DAG run and say so; where that fails, the watcher makes up for it within a minute.

    Parameters
    ----------
    dag_id, dag_run_id, conf
        The DAG run; one of this name that is there already is left as it is.
    soon
        What to say when it has begun, e.g. "A new report is being made."
    """
    try:
        with connect_airflow() as airflow:
            airflow.trigger(dag_id, dag_run_id, conf)
    except BeamloopError as error:
        return f"It is recorded, and begins when Airflow answers again. {error.what}"
    return soon
