"""What a worker keeps of Airflow's answers, and for how long."""

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


def test_airflows_client_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.api.client import ConnectionOperations, VariableOperations
    from airflow.sdk.api.datamodels._generated import ConnectionResponse, VariableResponse

    from remembered_answers import ask_seldom

    answers = {
        VariableOperations: VariableResponse(key="name", value="value"),
        ConnectionOperations: ConnectionResponse.model_construct(conn_id="name", conn_type="fs"),
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
        assert variables.get("name") is answers[VariableOperations]
        assert connections.get("name") is answers[ConnectionOperations]
    assert asked == [VariableOperations, ConnectionOperations]
