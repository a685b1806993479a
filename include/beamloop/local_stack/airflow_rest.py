"""A small client of Airflow's REST API: what Beamloop asks of a running Airflow, no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from beamloop.errors import NotFoundError, PermanentError, TransientError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """What Airflow says of one of its components."""

    is_healthy: bool  # a heartbeat within the last half minute, also one of a process that died since
    heartbeat_at: datetime | None  # of the latest process of this kind


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class AirflowClient:
    """One login to one Airflow; a context manager.

    Parameters
    ----------
    url
        Address of the api-server, "http://127.0.0.1:8080".
    user, password
        The login; the token is fetched at the first request that needs it.
    timeout_s
        Longest wait for one answer.
    """

    def __init__(self, url: str, user: str, password: str, *, timeout_s: float = 15) -> None:
        self._login = {"username": user, "password": password}
        self._token = ""
        # trust_env off: a proxy meant for the internet must not get what is meant for this machine.
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise TransientError(
                f"Airflow does not answer at {self._http.base_url}.",
                evidence=repr(error),
                try_next="`beamloop status` tells whether it runs; `beamloop up` starts it.",
            ) from error
        if answer.is_server_error:
            raise TransientError(
                f"Airflow failed on {method} {path}: HTTP {answer.status_code}.", evidence=answer.text[:500]
            )
        return answer

    def _log_in(self) -> None:
        answer = self._send("POST", "/auth/token", self._login, {})
        if not answer.is_success:
            raise PermanentError(
                f"Airflow refuses the login of {self._login['username']}.", evidence=answer.text[:500]
            )
        self._token = str(answer.json()["access_token"])

    def _call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        for renewed in (False, True):
            if renewed or not self._token:
                self._log_in()
            answer = self._send(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break  # otherwise the token has expired: once more with a new one
        return answer

    @staticmethod
    def _expect(answer: httpx.Response, what: str) -> Json:
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"Airflow has no {what}.", evidence=answer.text[:500])
        if not answer.is_success:
            raise PermanentError(
                f"Airflow refuses {what}: HTTP {answer.status_code}.", evidence=answer.text[:500]
            )
        result: Json = answer.json() if answer.content else {}
        return result

    def health(self) -> dict[str, ComponentHealth]:
        """Return each component's word on itself: metadatabase, scheduler, triggerer, dag_processor.

        Raises
        ------
        TransientError
            When the api-server does not answer.
        """
        answer = self._expect(self._send("GET", "/api/v2/monitor/health", None, {}), "health report")
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
        answer = self._call("POST", f"/dags/{dag_id}/dagRuns", body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        self._expect(answer, f"DAG {dag_id}")
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
        answer = self._call("GET", f"/dags/{dag_id}/dagRuns/{dag_run_id}")
        return str(self._expect(answer, f"run {dag_run_id} of {dag_id}")["state"])

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
        answer = self._call("GET", f"/dags/{dag_id}/dagRuns?{urlencode(wanted, doseq=True)}")
        if answer.status_code == httpx.codes.NOT_FOUND:  # Airflow has never read this DAG
            return [], 0
        page = self._expect(answer, f"runs of {dag_id}")
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
        answer = self._call("PATCH", f"/dags/{dag_id}/dagRuns", {"actions": [action]})
        return len(self._expect(answer, f"the deletion of runs of {dag_id}")["delete"]["success"])

    def task_instances(self, dag_id: str, dag_run_id: str) -> list[Json]:
        """Return Airflow's records of a run's task instances, every map index its own.

        Raises
        ------
        NotFoundError
            When there is no such run.
        TransientError
            When Airflow does not answer.
        """
        found: list[Json] = []
        while True:
            # 100 is the server's upper limit for a page.
            answer = self._call(
                "GET",
                f"/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances?limit=100&offset={len(found)}",
            )
            page = self._expect(answer, f"run {dag_run_id} of {dag_id}")
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def import_errors(self) -> dict[str, str]:
        """Return what Airflow says of each DAG file it could not read, by file name."""
        answer = self._expect(self._call("GET", "/importErrors"), "list of import errors")
        return {str(entry["filename"]): str(entry["stack_trace"]) for entry in answer["import_errors"]}

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
        answer = self._expect(self._call("PATCH", f"/{kind}", {"actions": [action]}), kind)
        if errors := answer["create"]["errors"]:
            raise PermanentError(f"Airflow refuses some {kind}.", evidence=str(errors)[:1000])
