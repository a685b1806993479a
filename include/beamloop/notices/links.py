"""Addresses of pages that a message points to."""

from dataclasses import dataclass
from urllib.parse import quote

PROCESSING_DAG = "process_collection"


@dataclass(frozen=True, slots=True)
class AirflowPages:
    """Where people find Airflow."""

    base_url: str  # "https://airflow.example.org/", or "" where it is not known

    def dag(self, dag_id: str) -> str:
        """Return the page of a DAG, "" where the address is not known."""
        return f"{self.base_url.rstrip('/')}/dags/{quote(dag_id, safe='')}" if self.base_url else ""

    def geometry(self, geometry_id: int) -> str:
        """Return the page *Geometry* with one version open, "" where the address is not known."""
        base_url = self.base_url.rstrip("/")
        return f"{base_url}/beamloop/geometry?version={geometry_id}" if base_url else ""

    def dag_run(self, dag_run_id: str) -> str:
        """Return the page of a run of process_collection, "" where the address is not known."""
        if not self.base_url:
            return ""
        return f"{self.base_url.rstrip('/')}/dags/{PROCESSING_DAG}/runs/{quote(dag_run_id, safe='')}"
