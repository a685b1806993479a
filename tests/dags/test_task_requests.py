"""What a task's requests are answered: the same by the short way and by Airflow's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.dags

NOW = "2026-11-21T12:00:00Z"
START = {"state": "running", "hostname": "here", "unixname": "me", "pid": 7, "start_date": NOW}
FIELDS = {"op_args": ["[1, 'xtal1_1']"], "op_kwargs": "{}"}
SUCCESS = {"state": "success", "end_date": NOW, "task_outlets": [], "outlet_events": []}
ALIVE = {"hostname": "here", "pid": 7}

Answer = tuple[int, Any, dict[str, str]]  # status, JSON, headers


@pytest.fixture(scope="module")
def clients(run_of_chains: Any) -> Iterator[tuple[Any, Any]]:
    """Provide Airflow's app, and the same with the short way."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    from task_requests import ShortWay

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "s" * 64)
        made = [create_app(apps="execution") for _ in range(2)]
        made[1].add_middleware(ShortWay)
        stock, lean = (stack.enter_context(TestClient(app, raise_server_exceptions=False)) for app in made)
        # The first request is for Airflow to make what it makes but once.
        assert ask(lean, ANOTHER_TASK, *RUN)[0] == 404
        yield stock, lean


@pytest.fixture
def short_answers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Provide the states of the answers that went the short way."""
    from task_endpoints import Endpoint

    given: list[int] = []
    answer = Endpoint.answer

    def noted(self: Any, *asked: Any) -> Any:
        made = answer(self, *asked)
        given.append(made[0])
        return made

    monkeypatch.setattr(Endpoint, "answer", noted)
    return given


@pytest.fixture
def queued_tasks(run_of_chains: Any) -> list[str]:
    """Provide two task instances, alike but for their runs, that wait for a worker."""
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    found = []
    with create_session() as session:
        for _ in range(2):
            now = datetime.now(UTC)
            run = run_of_chains.dag.create_dagrun(
                run_id=f"asks_{now:%H%M%S%f}",
                run_after=now,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                conf={"sweeps": 3},
                session=session,
            )
            instance = run.get_task_instance("outside", session=session)
            instance.state = TaskInstanceState.QUEUED
            found.append(str(instance.id))
    return found


def token(task: str, scope: str = "execution", valid_for_s: float | None = None) -> str:
    from airflow.api_fastapi.execution_api.app import _jwt_generator

    make: Any = _jwt_generator
    return str(make().generate({"sub": task, "scope": scope}, valid_for=valid_for_s))


def ask(
    client: Any, task: str, method: str, name: str, body: Any, address: str = "", **headers: str
) -> Answer:
    from airflow.api_fastapi.execution_api.versions import bundle

    usual = {
        "authorization": f"Bearer {token(task)}",
        "airflow-api-version": str(bundle.versions[0].value),
        "correlation-id": "c1",
    }
    where = "/execution" + (address or f"/task-instances/{task}/{name}")
    answer = client.request(method, where, json=body, headers={**usual, **headers})
    # Lengths differ with the names of the runs.
    kept = {key: value for key, value in answer.headers.items() if key != "content-length"}
    return answer.status_code, answer.json() if answer.content else None, kept


def ask_for_list(client: Any, task: str, run: str, key: str = "return_value", query: str = "") -> Answer:
    address = f"/xcoms/chains_of_each_rule/{run}/list_runs/{key}{query}"
    return ask(client, task, "GET", "", None, address)


def same(answer: Answer) -> Answer:
    """Return an answer without what differs between two runs."""
    status, document, headers = answer
    if document and "dag_run" in document:
        for name in ("run_id", "run_after", "start_date"):
            document["dag_run"].pop(name, None)
    if "refreshed-api-token" in headers:
        headers["refreshed-api-token"] = "another"
    return status, document, headers


def written(task: str) -> tuple[Any, ...]:
    """Return what the database knows of a task instance."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        instance: Any = session.get(TaskInstance, UUID(task))
        fields = RenderedTaskInstanceFields.get_templated_fields(instance, session=session)
        return instance.state, instance.pid, instance.hostname, instance.rendered_map_index, fields


def test_a_task_from_its_start_to_its_end(
    clients: Any, queued_tasks: list[str], short_answers: list[int]
) -> None:
    def live(client: Any, task: str) -> list[Answer]:
        queued = {"authorization": f"Bearer {token(task, 'workload')}"}
        return [
            ask(client, task, "PATCH", "run", START, **queued),
            ask(client, task, "PATCH", "run", START),  # as when the answer was lost
            ask(client, task, "PUT", "rtif", FIELDS),
            ask(client, task, "PATCH", "rendered-map-index", "xtal1_1"),
            ask(client, task, "PUT", "heartbeat", ALIVE),
            ask(client, task, "PATCH", "state", SUCCESS),
            ask(client, task, "PATCH", "state", SUCCESS),
        ]

    stock, lean = (live(client, task) for client, task in zip(clients, queued_tasks, strict=True))
    assert [same(answer) for answer in lean] == [same(answer) for answer in stock]
    assert short_answers == [answer[0] for answer in lean] == [200, 200, 201, 204, 204, 204, 200]
    assert lean[0][1]["dag_run"]["conf"] == {"sweeps": 3}
    assert written(queued_tasks[1]) == written(queued_tasks[0])
    assert written(queued_tasks[1])[:4] == ("success", 7, "here", "xtal1_1")


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ("failed", {}),
        ("skipped", {}),
        ("up_for_retry", {}),
        ("up_for_reschedule", {"reschedule_date": NOW}),
        (
            "deferred",
            {"classpath": "a.Trigger", "next_method": "go_on", "trigger_kwargs": {}, "next_kwargs": {}},
        ),
    ],
)
def test_a_task_may_end_or_pause_otherwise(
    clients: Any, queued_tasks: list[str], short_answers: list[int], state: str, more: dict[str, Any]
) -> None:
    ended = {"state": state, **more} | ({} if state == "deferred" else {"end_date": NOW})
    for client, task in zip(clients, queued_tasks, strict=True):
        assert ask(client, task, "PATCH", "run", START)[0] == 200
    stock, lean = (
        ask(client, task, "PATCH", "state", ended) for client, task in zip(clients, queued_tasks, strict=True)
    )
    assert lean == stock
    assert lean[0] == 204
    assert short_answers == [200, 204]


ANOTHER_TASK = "01a1ff94-5554-7a26-986f-2b95c47916c6"
RUN, STATE = ("PATCH", "run", START), ("PATCH", "state", SUCCESS)


def bearer(sent: str) -> dict[str, str]:
    return {"authorization": f"Bearer {sent}"}


# By what is not in order: Airflow's answer, what is asked for, and other headers than usual.
QUESTIONS: dict[str, tuple[int, tuple[str, str, Any], Callable[[str], dict[str, str]]]] = {
    "no token": (401, RUN, lambda _: {"authorization": ""}),
    "a wrong token": (403, RUN, lambda _: bearer("x.y.z")),
    "the token of another task": (403, RUN, lambda _: bearer(token(ANOTHER_TASK))),
    "a waiting task's token": (403, STATE, lambda task: bearer(token(task, "workload"))),
    "a token that has ended": (403, RUN, lambda task: bearer(token(task, valid_for_s=-100))),
    "a body that is not valid": (422, ("PATCH", "run", {"state": "lost"}), lambda _: {}),
    "the end of a task that has not begun": (409, STATE, lambda _: {}),
    "a sign of life of a task that has not begun": (409, ("PUT", "heartbeat", ALIVE), lambda _: {}),
    "a client of an older version": (200, RUN, lambda _: {"airflow-api-version": "2025-09-23"}),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_not_in_order_airflow_answers(
    clients: Any, queued_tasks: list[str], short_answers: list[int], name: str
) -> None:
    status, asked, headers = QUESTIONS[name]
    stock, lean = (
        same(ask(client, task, *asked, **headers(task)))
        for client, task in zip(clients, queued_tasks, strict=True)
    )
    assert lean[0] == status
    assert lean == stock
    assert short_answers == []


def test_a_list_is_given_to_every_task(
    clients: Any, run_of_chains: Any, queued_tasks: list[str], short_answers: list[int]
) -> None:
    task, run = queued_tasks[0], run_of_chains.run_id
    stock, lean = (ask_for_list(client, task, run) for client in clients)
    assert lean == stock
    assert lean[:2] == (200, {"key": "return_value", "value": [0, 1]})
    assert short_answers == [200]


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(404, {"key": "nothing"}), (404, {"query": "?map_index=7"}), (200, {"query": "?offset=0"})],
)
def test_what_else_is_asked_for_airflow_finds(
    clients: Any,
    run_of_chains: Any,
    queued_tasks: list[str],
    short_answers: list[int],
    status: int,
    wanted: Any,
) -> None:
    task, run = queued_tasks[0], run_of_chains.run_id
    stock, lean = (ask_for_list(client, task, run, **wanted) for client in clients)
    assert lean == stock
    assert lean[0] == status
    assert short_answers == []


def test_of_a_task_that_there_is_not_airflow_says_so(clients: Any, short_answers: list[int]) -> None:
    stock, lean = (ask(client, ANOTHER_TASK, *RUN) for client in clients)
    assert lean == stock
    assert lean[0] == 404
    assert short_answers == []


def test_a_token_near_its_end_is_renewed(
    clients: Any, queued_tasks: list[str], short_answers: list[int]
) -> None:
    for client, task in zip(clients, queued_tasks, strict=True):
        _, _, headers = ask(
            client, task, "PATCH", "run", START, authorization=f"Bearer {token(task, valid_for_s=20)}"
        )
        assert headers["refreshed-api-token"]
    assert short_answers == []


def test_airflows_app_gets_it_once_and_outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.api_fastapi import app
    from airflow.api_fastapi.common.http_access_log import HttpAccessLogMiddleware
    from fastapi import FastAPI

    from task_requests import ShortWay, TaskRequestsPlugin

    stock = app.init_access_logging
    try:
        assert TaskRequestsPlugin().fastapi_root_middlewares == []
        made = FastAPI()
        app.init_access_logging(made)
        classes: list[Any] = [each.cls for each in made.user_middleware]
        assert classes == [ShortWay, HttpAccessLogMiddleware]
        assert app.init_access_logging is stock
    finally:
        app.init_access_logging = stock


def test_another_airflow_answers_by_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.api_fastapi import app

    import task_requests

    stock = app.init_access_logging
    monkeypatch.setattr(task_requests, "READ_IN", "3.3.1")
    task_requests.open_short_way()
    assert app.init_access_logging is stock
    assert "Airflow is not 3.3.1" in caplog.text
