"""Answer the requests that every task sends by a short way through Airflow's api-server.

Airflow 3.3.2 takes each of them through six middlewares, its own solution of the dependencies and cadwyn's
for clients of other versions, two checks of its token and five changes of thread: most of its cost.
Here the same function of Airflow's is called with the same arguments. What is not plainly in order goes
Airflow's own way from its start and is answered there: another version of the client, a token that is not
right or soon due, a body that is not valid, an error of the function, which undoes its transaction.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from task_endpoints import Answer, Endpoint, Place

log = logging.getLogger("beamloop.task_requests")

READ_IN = "3.3.2"
PREFIX = "/execution/"
# Each has a connection to the database while it answers; Airflow's pool has fifteen.
THREADS = 8

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ShortWay:
    """The ASGI middleware: answers what it knows, and hands on all else.

    Parameters
    ----------
    app
        What is within: all of Airflow's app.
    """

    def __init__(self, app: Any) -> None:
        from task_endpoints import make_endpoints

        self._app = app
        self._endpoints = make_endpoints()
        self._is_warm = False
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="task-requests")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or let Airflow do so."""
        asked = self._find(scope)
        if asked is None or not self._is_warm:
            # The first goes Airflow's own way, which makes much when it is first asked: that is for the start
            # of a task, not for the end of one.
            self._is_warm = self._is_warm or asked is not None
            await self._app(scope, receive, send)
            return
        received = await _receive_all(receive)
        answer = await self._answer(scope, b"".join(part.get("body", b"") for part in received), *asked)
        if answer is None:
            await self._app(scope, _again(received, receive), send)
            return
        status, headers, content = answer
        if status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _find(self, scope: Message) -> "tuple[Place, Endpoint] | None":
        """Return what the address says and what is asked for, where that is known here."""
        if scope["type"] != "http" or scope["query_string"]:
            return None
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        match path.removeprefix(PREFIX).split("/") if path.startswith(PREFIX) else ():
            case ["task-instances", task, name]:
                place = {"task_instance_id": task}
            case ["xcoms" as name, dag, run, task, key] if dag and run and task and key:
                place = {"dag_id": dag, "run_id": run, "task_id": task, "key": key}
            case _:
                return None
        endpoint = self._endpoints.get((scope["method"], name))
        return (place, endpoint) if endpoint else None

    async def _answer(
        self, scope: Message, body: bytes, place: dict[str, str], endpoint: "Endpoint"
    ) -> "Answer | None":
        try:
            asked = await endpoint.check(scope, place)
            if asked is None:
                return None
            # The names of task and request in Airflow's log are this context's.
            answer = copy_context().run
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, answer, endpoint.answer, asked, body
            )
        # Whatever it is, Airflow has an answer to it.
        except Exception as error:
            log.debug("Left to Airflow: %r", error)
            return None


async def _receive_all(receive: Receive) -> list[Message]:
    """Return the parts of a request's body, or what came instead."""
    received = [await receive()]
    while received[-1]["type"] == "http.request" and received[-1].get("more_body"):
        received.append(await receive())
    return received


def _again(received: list[Message], receive: Receive) -> Receive:
    """Return a way to receive the parts once more, and then what follows."""
    left = iter(received)

    async def receive_again() -> Message:
        part = next(left, None)
        return await receive() if part is None else part

    return receive_again


def open_short_way() -> None:
    """Let the app that Airflow is about to make have the short way, outside of all its middlewares."""
    from airflow.api_fastapi import app
    from airflow.configuration import conf

    has_more = conf.getboolean("traces", "otel_on") or conf.getboolean("core", "multi_team")
    if version("apache-airflow") != READ_IN or has_more:
        log.warning("Airflow is not %s, or has traces or teams: it answers tasks itself.", READ_IN)
        return
    init_access_logging = app.init_access_logging

    def init_with_short_way(made: Any) -> None:
        app.init_access_logging = init_access_logging
        init_access_logging(made)
        # Last, so without: Airflow says by itself which task has started or ended.
        made.add_middleware(ShortWay)

    app.init_access_logging = init_with_short_way  # type: ignore[assignment] # by another name


class TaskRequestsPlugin(AirflowPlugin):
    """Opens the short way; only the api-server asks for middlewares, while it makes its app."""

    name = "beamloop_task_requests"

    @cached_property
    def fastapi_root_middlewares(self) -> list[Any]:  # type: ignore[override]
        """None where Airflow would put them: that is within all middlewares of its own."""
        open_short_way()
        return []
