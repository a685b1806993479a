"""One login to Airflow's REST API: requests, and faults in Beamloop's words."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from beamloop.errors import NotFoundError, PermanentError, TransientError

Json = dict[str, Any]


class AirflowSession:
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

    def send(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request as it is, without the login.

        Raises
        ------
        TransientError
            When Airflow does not answer, or fails.
        """
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
                f"Airflow failed on {method} {path}: HTTP {answer.status_code}.",
                evidence=answer.text[:500],
                try_next="The log of its api-server says why; try again when Airflow is well.",
            )
        return answer

    def _log_in(self) -> None:
        answer = self.send("POST", "/auth/token", self._login, {})
        if not answer.is_success:
            raise PermanentError(
                f"Airflow refuses the login of {self._login['username']}.",
                evidence=answer.text[:500],
                try_next="Correct the connection `beamloop_airflow`, or BEAMLOOP_AIRFLOW_USER and _PASSWORD.",
            )
        self._token = str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Send a request below /api/v2 with the login, which is renewed when it has expired.

        Raises
        ------
        PermanentError
            When Airflow refuses the login.
        TransientError
            When Airflow does not answer, or fails.
        """
        for renewed in (False, True):
            if renewed or not self._token:
                self._log_in()
            answer = self.send(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break  # otherwise the token has expired: once more with a new one
        return answer

    def expect(self, answer: httpx.Response, what: str) -> Json:
        """Return what a good answer says; `what` names in the error what was asked for.

        Raises
        ------
        NotFoundError
            When Airflow does not have it.
        PermanentError
            When Airflow refuses it.
        """
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(
                f"Airflow has no {what}.",
                evidence=answer.text[:500],
                try_next="It reads new DAG files within minutes; a run may have been deleted.",
            )
        if not answer.is_success:
            raise PermanentError(
                f"Airflow refuses {what}: HTTP {answer.status_code}.",
                evidence=answer.text[:500],
                try_next=f"Give the login {self._login['username']} the right to it, or mend what was asked.",
            )
        result: Json = answer.json() if answer.content else {}
        return result
