"""What a worker keeps of Airflow's answers, and for how long."""

import os
from typing import Any

import pytest

pytestmark = pytest.mark.dags

LONG_S = 1000.0


class Airflow:
    """Answers by name, and counts how often it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked, self.now_s = answers, 0, LONG_S

    def get(self) -> Any:
        from remembered_answers import remembered

        def ask(_: Any, name: str) -> Any:
            self.asked += 1
            return self.answers.get(name)

        return remembered(ask, str, clock_s=lambda: self.now_s)


def test_an_answer_is_asked_for_once_while_it_is_young() -> None:
    airflow = Airflow(first="1", second="2")
    get = airflow.get()
    assert [get(None, name) for name in ("first", "second", "first", "second")] == ["1", "2", "1", "2"]
    assert airflow.asked == 2


def test_a_changed_variable_is_seen_after_a_minute() -> None:
    from remembered_answers import KEPT_S

    airflow = Airflow(path="/old")
    get = airflow.get()
    assert get(None, "path") == "/old"
    airflow.answers["path"] = "/new"
    airflow.now_s += KEPT_S - 1
    assert get(None, "path") == "/old"
    airflow.now_s += 2
    assert get(None, "path") == "/new"
    assert KEPT_S <= 60


def test_what_is_not_there_is_asked_for_again() -> None:
    airflow = Airflow()
    get = airflow.get()
    assert get(None, "late") is None
    airflow.answers["late"] = "made meanwhile"
    assert get(None, "late") == "made meanwhile"


def test_what_one_worker_was_answered_the_others_know() -> None:
    airflow = Airflow(path="/data")
    get = airflow.get()
    worker = os.fork()
    if worker == 0:
        os._exit(get(None, "path") != "/data")
    assert os.waitpid(worker, 0)[1] == 0
    assert get(None, "path") == "/data"
    assert airflow.asked == 0


def test_what_was_written_by_half_is_asked_for_again() -> None:
    from remembered_answers import HEAD, SharedAnswers

    shared = SharedAnswers()
    shared.write({"path": (LONG_S, '"/data"')})
    assert [*shared.read()] == ["path"]
    shared._memory[HEAD.size + 3] ^= 1
    assert shared.read() == {}


def test_what_has_no_room_is_asked_for_each_time() -> None:
    from remembered_answers import ROOM_BYTES

    airflow = Airflow(long="x" * ROOM_BYTES, short="1")
    get = airflow.get()
    assert [len(get(None, "long")) for _ in range(2)] == [ROOM_BYTES] * 2
    assert [get(None, "short") for _ in range(2)] == ["1", "1"]
    assert airflow.asked == 3


def test_airflows_client_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.api.client import ConnectionOperations, VariableOperations
    from airflow.sdk.api.datamodels._generated import ConnectionResponse, VariableResponse

    from remembered_answers import ask_seldom

    answers = {
        VariableOperations: VariableResponse(key="name", value="value"),
        ConnectionOperations: ConnectionResponse.model_validate(
            {
                "conn_id": "name",
                "conn_type": "postgres",
                "host": "::1",
                "schema": "beamloop",
                "login": "beamloop",
                "password": 'ä"\\%',
                "port": 5432,
                "extra": '{"path": "/data"}',
            }
        ),
    }
    asked: list[type] = []

    def answer(operations: Any, _: str) -> Any:
        asked.append(type(operations))
        return answers[type(operations)]

    for kind in answers:
        monkeypatch.setattr(kind, "get", answer)
    ask_seldom()
    client: Any = None
    variables, connections = VariableOperations(client), ConnectionOperations(client)
    for _ in range(3):
        assert variables.get("name") == answers[VariableOperations]
        assert connections.get("name") == answers[ConnectionOperations]
    assert asked == [VariableOperations, ConnectionOperations]
