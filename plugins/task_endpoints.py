"""What tasks ask Airflow's api-server for, and how the function of Airflow's that answers it is called.

For `task_requests.py`, in the api-server only.
"""

import inspect
import json
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import svcs
from airflow.api_fastapi.auth.tokens import JWTValidator
from airflow.api_fastapi.execution_api.datamodels.token import TIClaims, TIToken
from airflow.api_fastapi.execution_api.routes import task_instances as routes
from airflow.api_fastapi.execution_api.routes import xcoms
from airflow.api_fastapi.execution_api.versions import bundle
from airflow.utils.session import create_session
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.routing import Mount
from structlog.contextvars import bind_contextvars

# The only version whose requests and answers Airflow does not translate.
VERSION = bundle.versions[0].value.encode()
# Airflow renews a token in the last fifth of its life, and at least half a minute before its end.
RENEWED_IN_LAST, RENEWED_IN_LAST_S = 0.2, 30.0

# What every task sends, or may send often.
NAMES = frozenset({"run", "state", "rtif", "rendered-map-index", "heartbeat", "xcoms"})
_ANY: TypeAdapter[Any] = TypeAdapter(Any)

Place = dict[str, str]  # what an address says, e.g. {"task_instance_id": "01a1ff94-..."}
Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]  # status, headers, body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is in order but for its body."""

    app: Any  # Airflow's execution API
    place: Place
    token: TIToken
    headers: Headers  # of the answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request of one kind: Airflow's route for it, with the function that answers."""

    route: APIRoute
    names: tuple[str, ...]  # of what the function is called with

    async def check(self, scope: MutableMapping[str, Any], place: Place) -> Asked | None:
        """Return what is known of a request before its body; None where it is not plainly in order.

        Parameters
        ----------
        scope
            ASGI's, of the request.
        place
            What its address says, by name.

        Raises
        ------
        Exception
            Of any kind, when the token is not valid.
        """
        headers = dict(scope["headers"])
        kind, _, sent = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        is_json = headers.get(b"content-type") == b"application/json" or not self.route.dependant.body_params
        if headers.get(b"airflow-api-version") != VERSION or not is_json or kind.lower() != "bearer":
            return None
        mounts = (each for each in scope["app"].routes if isinstance(each, Mount))
        app: Any = next(each.app for each in mounts if each.path == "/execution")
        validator = await svcs.Container(app.state.svcs_registry).aget(JWTValidator)
        claims = await validator.avalidated_claims(sent, {})
        claims.setdefault("scope", "execution")
        token = TIToken(id=claims["sub"], claims=TIClaims(**claims))
        scopes = getattr(self.route, "allowed_token_types", ("execution",))
        of_task = place.get("task_instance_id", str(token.id))
        if claims["scope"] not in scopes or str(token.id) != of_task or _is_due(claims):
            return None
        answered = [(b"airflow-api-version", VERSION)]
        if correlation := headers.get(b"correlation-id"):
            bind_contextvars(correlation_id=correlation.decode("latin-1"))
            answered.append((b"correlation-id", correlation))
        return Asked(app, place, token, answered)

    def answer(self, asked: Asked, body: bytes) -> Answer:
        """Call the function in a transaction of its own.

        Raises
        ------
        Exception
            Of any kind: then the same request may be answered once more, as when a client repeats it.
        """
        response = Response()
        known: dict[str, Any] = {**asked.place, "params": xcoms.GetXcomFilterParams()}
        for field in self.route.dependant.body_params:
            known[field.name], faults = field.validate(json.loads(body), {}, loc=("body",))
            if faults:
                raise ValueError(faults)
        registry = asked.app.state.svcs_registry
        with svcs.Container(registry) as services, create_session(scoped=False) as session:
            known |= {
                "session": session,
                "dag_bag": asked.app.state.dag_bag,
                "services": services,
                "token": asked.token,
                "response": response,
            }
            if "task_instance_id" in known:
                known["task_instance_id"] = asked.token.id
            made = self.route.endpoint(**{name: known[name] for name in self.names})
        status, content = self.route.status_code or 200, b""
        if isinstance(made, Response):
            status, content, response = made.status_code, bytes(made.body), made
        elif made is not None:
            content = _ANY.dump_json(made, exclude_unset=self.route.response_model_exclude_unset)
        own = {name: value for name, value in response.raw_headers if name != b"content-length"}
        if not isinstance(made, Response):
            own[b"content-type"] = b"application/json"
        return status, [*asked.headers, *own.items()], content


def _is_due(claims: dict[str, Any]) -> bool:
    """Tell whether Airflow would renew a token; those that a task waits with are changed by what it asks."""
    life_s: float = claims["exp"] - claims["iat"]
    left_s: float = claims["exp"] - time.time()
    return (
        bool(claims["scope"] == "execution")
        and left_s <= max(life_s * RENEWED_IN_LAST, RENEWED_IN_LAST_S) + 1
    )


def make_endpoints() -> dict[tuple[str, str], Endpoint]:
    """Return the endpoints by method and name: the last part of the address, or "xcoms"."""
    found = {}
    for route in (*routes.ti_id_router.routes, *xcoms.router.routes):
        if not isinstance(route, APIRoute):
            continue
        name = "xcoms" if route.endpoint is xcoms.get_xcom else route.path.rpartition("/")[2]
        if name in NAMES:
            (method,) = route.methods
            found[method, name] = Endpoint(route, tuple(inspect.signature(route.endpoint).parameters))
    return found
