"""tend_requests and candidates: people are told, and what Airflow has lost is asked again."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.dags.conftest import Answering, RunDag
from tests.services.candidate_bench import fill_plate, record
from tests.services.receivers import HttpReceiver, running_http_receiver

from beamloop.catalog.connection import Catalog
from beamloop.errors import PermanentError
from beamloop.geometry import approval
from beamloop.metrology import stage
from beamloop.records.metrology import Metrology, MetrologyId
from beamloop.services import Services

pytestmark = pytest.mark.dags

BEAMLINE = """\
beamline: i24
roots: [watched]
notifications: {events: [approval], webhook: {connection: hutch_chat}}
"""


@pytest.fixture
def catalog(catalog_connection: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Catalog]:
    """Provide a plate whose metrology's steps are recorded without being done."""
    with Catalog(catalog_connection) as opened:
        fill_plate(opened, tmp_path / "plate3")

        def run_metrology_step(_: Services, metrology_id: MetrologyId, step: str) -> Metrology:
            return record(opened, metrology_id, step)

        monkeypatch.setattr(stage, "run_metrology_step", run_metrology_step)
        yield opened


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpReceiver]:
    """Provide a chat of the beamline's people."""
    file = Path(os.environ["AIRFLOW_VAR_BEAMLOOP_BEAMLINES_DIRECTORY"]) / "i24.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(BEAMLINE)
    with running_http_receiver() as receiver:
        address = {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": receiver.port}
        monkeypatch.setenv("AIRFLOW_CONN_HUTCH_CHAT", json.dumps(address))
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org")
        yield receiver
    file.unlink()


def do(catalog: Catalog, statement: str, *values: object) -> list[dict[str, Any]]:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [dict(row) for row in cursor.fetchall()]


def let_time_pass(catalog: Catalog) -> None:
    change = "UPDATE beamloop.metrology_takings SET taken_at = taken_at - %s RETURNING 1"
    do(catalog, change, timedelta(minutes=11))


def break_approval(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PermanentError("As the test wants it.")

    monkeypatch.setattr(approval, function, broken)


def asked_again() -> list[tuple[str, object]]:
    """Return name and configuration of the runs that were started to ask again."""
    from airflow.models import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(select(DagRun).where(DagRun.run_id.startswith("ask-again-"))).all()
        return [(run.run_id, run.conf) for run in found]


def forget_runs() -> None:
    """Delete Airflow's runs of the DAG, as a person may."""
    from airflow.models import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == "refine_metrology"))


@pytest.fixture(autouse=True)
def no_runs(airflow_database: None) -> Iterator[None]:
    """Begin and end without runs: each test's catalogue counts its metrologies from one."""
    forget_runs()
    yield
    forget_runs()


def test_a_candidate_whose_task_failed_before_it_asked_is_asked_about_in_a_new_run_and_told(
    run_dag: RunDag,
    catalog: Catalog,
    chat: HttpReceiver,
    answering: Answering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        break_approval(patched, "consider")
        assert run_dag("refine_metrology", {})["detector.approve", 0] == "failed"
    assert run_dag("tend_requests", {})["ask_again", -1] == "skipped"  # the run may still be at work
    let_time_pass(catalog)
    for _ in range(2):
        assert run_dag("tend_requests", {})["run", -1] == "success"
    ((name, conf),) = asked_again()
    assert (name, conf) == ("ask-again-1-2", {"metrology_ids": [1]})
    assert chat.got == []  # nobody is asked before the task asks
    with monkeypatch.context() as patched:
        break_approval(patched, "carry_out")
        answering(("Promote", "better"))
        states = run_dag("refine_metrology", {"metrology_ids": [1]})
    assert (states["detector.approve", 0], states["detector.promote", 0]) == ("success", "failed")
    run_dag("tend_requests", {})
    (posted,) = chat.got
    assert posted.document["event"] == "approval"
    assert posted.document["title"] == "i24: geometry 1 waits for a person: shall it serve?"
    assert posted.document["link"] == "https://airflow.example.org/beamloop/geometry?version=1"
    # A person's answer is there: that it cannot be carried out is for them to see, not to be asked again.
    let_time_pass(catalog)
    assert run_dag("tend_requests", {})["ask_again", -1] == "skipped"
    assert len(chat.got) == 1


def test_whether_a_task_asks_is_told_by_its_state(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_approval(monkeypatch, "consider")
    run_dag("refine_metrology", {})
    let_time_pass(catalog)
    for state in ("deferred", "queued", None):
        set_state(state)
        run_dag("tend_requests", {})
        assert asked_again() == []
    set_state("upstream_failed")
    run_dag("tend_requests", {})
    assert [name for name, _ in asked_again()] == ["ask-again-1-2"]


def set_state(state: str | None) -> None:
    """Give the task that asks another state."""
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    with create_session() as session:
        session.execute(
            update(TaskInstance).where(TaskInstance.task_id == "detector.approve").values(state=state)
        )


def test_a_candidate_whose_run_was_deleted_is_asked_about_again(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_approval(monkeypatch, "consider")
    run_dag("refine_metrology", {})
    forget_runs()
    let_time_pass(catalog)
    assert run_dag("tend_requests", {})["ask_again", 0] == "success"
    assert [name for name, _ in asked_again()] == ["ask-again-1-2"]
