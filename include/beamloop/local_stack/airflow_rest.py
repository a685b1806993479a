"""What Beamloop asks of a running Airflow by its REST API, no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from beamloop.errors import PermanentError
from beamloop.local_stack.airflow_session import AirflowSession, Json


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """What Airflow says of one of its components."""

    is_healthy: bool  # a heartbeat within the last half minute, also one of a process that died since
    heartbeat_at: datetime | None  # of the latest process of this kind


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class AirflowClient(AirflowSession):
    """Airflow's DAG runs, tasks and entries."""

    def health(self) -> dict[str, ComponentHealth]:
        """Return each component's word on itself: metadatabase, scheduler, triggerer, dag_processor.

        Raises
        ------
        TransientError
            When the api-server does not answer.
        """
        answer = self.expect(self.send("GET", "/api/v2/monitor/health", None, {}), "health report")
        return {
            name: ComponentHealth(
                is_healthy=report["status"] == "healthy",
                heartbeat_at=_time(report.get(f"latest_{name}_heartbeat")),
            )
            for name, report in answer.items()
            if report
        }

    def trigger(self, dag_id: str, dag_run_id: str, conf: Mapping[str, Any]) -> bool:
        """Start a run under a name of the caller's choice; the name makes it happen once.

        Parameters
        ----------
        dag_id
            Name of the DAG.
        dag_run_id
            Name of the run, made of letters, digits and `_.~:+-`.
        conf
            The run's parameters.

        Returns
        -------
        bool
            True when the run was created now, False when a run of this name was there already.

        Raises
        ------
        NotFoundError
            When Airflow does not know the DAG (yet: it reads new files within minutes).
        PermanentError
            When Airflow refuses the parameters.
        TransientError
            When Airflow does not answer.
        """
        body = {"dag_run_id": dag_run_id, "logical_date": None, "conf": dict(conf)}
        answer = self.call("POST", f"/dags/{dag_id}/dagRuns", body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        self.expect(answer, f"DAG {dag_id}")
        return True

    def dag_run_state(self, dag_id: str, dag_run_id: str) -> str:
        """Return the state of a run: queued, running, success or failed.

        Raises
        ------
        NotFoundError
            When there is no such run.
        TransientError
            When Airflow does not answer.
        """
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns/{dag_run_id}")
        return str(self.expect(answer, f"run {dag_run_id} of {dag_id}")["state"])

    def newest_run(self, dag_id: str) -> str:
        """Return the name of a DAG's newest run, "" where there is none.

        Raises
        ------
        TransientError
            When Airflow does not answer.
        """
        names, _ = self._runs(dag_id, {"order_by": "-run_after", "limit": 1})
        return names[0] if names else ""

    def ended_runs(self, dag_id: str, before: datetime, limit: int) -> tuple[list[str], int]:
        """Return some runs of a DAG that ended before a time, the longest ago first, and how many there are.

        Raises
        ------
        TransientError
            When Airflow does not answer.
        """
        states: dict[str, Any] = {"state": ["success", "failed"], "end_date_lt": before.isoformat()}
        return self._runs(dag_id, {**states, "order_by": "end_date", "limit": limit})

    def _runs(self, dag_id: str, wanted: Mapping[str, Any]) -> tuple[list[str], int]:
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns?{urlencode(wanted, doseq=True)}")
        if answer.status_code == httpx.codes.NOT_FOUND:  # Airflow has never read this DAG
            return [], 0
        page = self.expect(answer, f"runs of {dag_id}")
        return [str(run["dag_run_id"]) for run in page["dag_runs"]], int(page["total_entries"])

    def delete_runs(self, dag_id: str, names: Sequence[str]) -> int:
        """Delete runs with their task instances; one that is gone, or at work again, is passed over.

        Returns
        -------
        int
            How many were deleted now.

        Raises
        ------
        PermanentError
            When Airflow refuses.
        TransientError
            When Airflow does not answer.
        """
        action = {
            "action": "delete",
            "entities": [{"dag_run_id": name} for name in names],
            "action_on_non_existence": "skip",
        }
        answer = self.call("PATCH", f"/dags/{dag_id}/dagRuns", {"actions": [action]})
        return len(self.expect(answer, f"the deletion of runs of {dag_id}")["delete"]["success"])

    def put(self, kind: str, entities: Sequence[Json]) -> None:
        """Create entries, overwriting those that are there.

        Parameters
        ----------
        kind
            "connections", "pools" or "variables".
        entities
            The entries as Airflow's REST API names their fields.

        Raises
        ------
        PermanentError
            When Airflow refuses one of them.
        TransientError
            When Airflow does not answer.
        """
        action = {"action": "create", "action_on_existence": "overwrite", "entities": list(entities)}
        answer = self.expect(self.call("PATCH", f"/{kind}", {"actions": [action]}), kind)
        if errors := answer["create"]["errors"]:
            raise PermanentError(
                f"Airflow refuses some {kind}.",
                evidence=str(errors)[:1000],
                try_next="Mend them in airflow_settings.yaml or in the environment, then start again.",
            )
