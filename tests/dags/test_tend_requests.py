"""Requests that Airflow has lost, and messages through Airflow's own connections to real receivers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dags.conftest import RunDag
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.receivers import HttpReceiver, MailServer, running_http_receiver, running_mail_server

from beamloop.catalog.connection import Catalog
from beamloop.catalog.open_requests import close_request
from beamloop.catalog.runs import note_trouble
from beamloop.errors import PermanentError
from beamloop.records.identifiers import RequestId
from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.dags

SECRET = "B0-secret-of-the-chat"
PASSWORD = "mail-server-password"
BEAMLINE = """\
beamline: i24
roots: [watched]
notifications:
  events: [finished]
  webhook: {connection: hutch_chat}
  email: {connection: facility_mail, to: [night@example.org, day@example.org]}
  finished_quiet_minutes: 0
"""


@pytest.fixture
def catalog(catalog_connection: str) -> Iterator[Catalog]:
    with Catalog(catalog_connection) as opened:
        yield opened


@pytest.fixture
def chat() -> Iterator[HttpReceiver]:
    with running_http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def plate(
    catalog: Catalog, chat: HttpReceiver, mail: MailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> FilledCatalogue:
    """A finished collection of a beamline that wants to know, and the connections to its receivers."""
    beamlines = Path(os.environ["AIRFLOW_VAR_BEAMLOOP_BEAMLINES_DIRECTORY"])
    beamlines.mkdir(exist_ok=True)
    (beamlines / "i24.yaml").write_text(BEAMLINE)
    webhook = {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": chat.port,
        "extra": {"path": f"/hooks/{SECRET}"},
    }
    server = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": mail.port,
        "password": PASSWORD,
        "extra": {"from_email": "beamloop@example.org", "disable_tls": True, "disable_ssl": True},
    }
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org/base/")
    monkeypatch.setenv("AIRFLOW_CONN_HUTCH_CHAT", json.dumps(webhook))
    monkeypatch.setenv("AIRFLOW_CONN_FACILITY_MAIL", json.dumps(server))
    made = FilledCatalogue(catalog, tmp_path / "plate\nBcc: everybody@example.org\n<b>")
    made.ask("a_1")
    made.end("a_1", OutcomeCode.NO_SPOTS, "No spots on 12 images.", "find_spots")
    with catalog.transaction() as connection:
        close_request(connection, RequestId(1))
    return made


def test_a_finished_collection_reaches_chat_and_mail_exactly_once(
    plate: FilledCatalogue, run_dag: RunDag, chat: HttpReceiver, mail: MailServer, capfd: Any
) -> None:
    for _ in range(2):
        assert run_dag("tend_requests", {})["run", -1] == "success"
    (posted,) = chat.got
    assert posted.path == f"/hooks/{SECRET}"
    assert posted.headers["idempotency-key"] == "finished-1-1.webhook"
    assert posted.document["event"] == "finished"
    assert posted.document["counts"] == {"no_spots": 1}
    assert "Try next: Look at an image" in posted.document["text"]
    base = "https://airflow.example.org/base/dags/process_collection/runs/plate_Bcc"
    assert posted.document["link"].startswith(base)
    ((recipients, letter),) = mail.got
    assert recipients == ["night@example.org", "day@example.org"]
    assert letter["To"] == "night@example.org, day@example.org"
    assert letter["From"] == "beamloop@example.org"
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("i24, plate Bcc: everybody@example.org <b> is finished: 0 of 1 sweep")
    (body,) = [part.get_content() for part in letter.walk() if part.get_content_type() == "text/html"]
    assert "&lt;b&gt;" in body
    assert "<b>" not in body
    said = "".join(capfd.readouterr())
    assert SECRET not in said
    assert PASSWORD not in said


def test_a_receiver_that_is_down_fails_no_task_and_keeps_its_message(
    plate: FilledCatalogue, run_dag: RunDag, chat: HttpReceiver, mail: MailServer
) -> None:
    chat.status = 503
    assert run_dag("tend_requests", {})["send_notifications", -1] == "success"
    assert len(mail.got) == 1
    assert notifications(plate.catalog) == {
        "webhook": ("waiting", "The receiver of hutch_chat answered HTTP 503. Correct the connection's "
                    "address or token, or look at the receiver."),
        "email": ("sent", ""),
    }  # fmt: skip


def test_a_receiver_that_redirects_does_not_send_the_message_elsewhere(
    plate: FilledCatalogue, run_dag: RunDag, chat: HttpReceiver
) -> None:
    with running_http_receiver() as elsewhere:
        chat.status, chat.location = 307, f"http://127.0.0.1:{elsewhere.port}/"
        run_dag("tend_requests", {})
        assert elsewhere.got == []
    assert "HTTP 307" in notifications(plate.catalog)["webhook"][1]


@pytest.mark.parametrize(
    ("variable", "value", "channel", "words"),
    [
        ("AIRFLOW_CONN_HUTCH_CHAT", None, "webhook", "Airflow has no connection hutch_chat."),
        ("AIRFLOW_CONN_HUTCH_CHAT", {"host": f"file:///etc/{SECRET}"}, "webhook", "no address that begins"),
        ("AIRFLOW_CONN_HUTCH_CHAT", {"host": f"http://127.0.0.1:1/{SECRET}"}, "webhook", "cannot be reached"),
        ("AIRFLOW_CONN_FACILITY_MAIL", None, "email", "Airflow has no connection facility_mail."),
        (
            "AIRFLOW_CONN_FACILITY_MAIL",
            {"host": "127.0.0.1", "port": 1, "password": PASSWORD, "extra": {"disable_ssl": True}},
            "email",
            "ConnectionRefusedError: Connection refused",
        ),
    ],
    ids=["no webhook", "no address", "nobody there", "no mail server", "mail server away"],
)
def test_a_connection_that_cannot_be_used_is_named_without_its_secret(
    plate: FilledCatalogue,
    run_dag: RunDag,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: dict[str, object] | None,
    channel: str,
    words: str,
) -> None:
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, json.dumps({"conn_type": "http", **value}))
    assert run_dag("tend_requests", {})["run", -1] == "success"
    state, trouble = notifications(plate.catalog)[channel]
    assert state == "waiting"
    assert words in trouble
    assert SECRET not in trouble
    assert PASSWORD not in trouble


def notifications(catalog: Catalog) -> dict[str, tuple[str, str]]:
    """Return state and last trouble of the only notification of each channel."""
    rows = ask(catalog, "SELECT channel, state, last_trouble FROM beamloop.notifications")
    return {row["channel"]: (row["state"], row["last_trouble"]) for row in rows}


def ask(catalog: Catalog, query: str, *values: object) -> list[dict[str, Any]]:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def lost(catalog: Catalog, tmp_path: Path) -> FilledCatalogue:
    """A request of two sweeps that was taken up; one has its outcome, one is at work."""
    made = FilledCatalogue(catalog, tmp_path / "lost")
    made.ask("a_1", "b_1")
    made.end("a_1", OutcomeCode.NO_SPOTS, "No spots.", "find_spots")
    with catalog.transaction() as connection:
        note_trouble(connection, made.runs["b_1"], "The disk is full.")
    return made


def outcomes(catalog: Catalog) -> dict[str, tuple[str, str]]:
    rows = ask(catalog, "SELECT name, code, sentence FROM beamloop.outcomes JOIN beamloop.runs USING (run_id)"
               " JOIN beamloop.sweeps USING (sweep_id)")  # fmt: skip
    return {row["name"]: (row["code"], row["sentence"]) for row in rows}


def add_dag_run(dag_run_id: str, state: str) -> None:
    """Let Airflow have a run of process_collection in a state."""
    from airflow.models import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState

    with create_session() as session:
        session.add(DagRun("process_collection", dag_run_id, run_type="manual", state=DagRunState(state)))


def dag_run_id(catalog: Catalog) -> str:
    (row,) = ask(catalog, "SELECT dag_run_id FROM beamloop.requests")
    return str(row["dag_run_id"])


@pytest.mark.parametrize("state", ["failed", "success"])
def test_runs_whose_dag_run_a_person_has_ended_are_cancelled_with_words(
    lost: FilledCatalogue, run_dag: RunDag, state: str
) -> None:
    add_dag_run(dag_run_id(lost.catalog), state)
    run_dag("tend_requests", {})
    assert outcomes(lost.catalog) == {
        "a_1": ("no_spots", "No spots."),
        "b_1": ("cancelled", f"Airflow's run was marked as {state} before this sweep had ended. "
                "The last try had met: The disk is full."),
    }  # fmt: skip
    (request,) = ask(lost.catalog, "SELECT ended_at FROM beamloop.requests")
    assert request["ended_at"] is not None


def test_runs_whose_dag_run_was_deleted_are_cancelled(lost: FilledCatalogue, run_dag: RunDag) -> None:
    run_dag("tend_requests", {})
    assert outcomes(lost.catalog)["b_1"][0] == "cancelled"
    assert "deleted" in outcomes(lost.catalog)["b_1"][1]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_runs_at_work_are_left_alone(lost: FilledCatalogue, run_dag: RunDag, state: str) -> None:
    add_dag_run(dag_run_id(lost.catalog), state)
    run_dag("tend_requests", {})
    assert set(outcomes(lost.catalog)) == {"a_1"}


def test_a_request_that_was_never_started_waits_but_not_for_a_run_that_was_ended(
    lost: FilledCatalogue, run_dag: RunDag
) -> None:
    with lost.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.requests SET started_at = NULL")
    run_dag("tend_requests", {})
    assert set(outcomes(lost.catalog)) == {"a_1"}
    add_dag_run(dag_run_id(lost.catalog), "failed")
    run_dag("tend_requests", {})
    assert outcomes(lost.catalog)["b_1"][0] == "cancelled"


def test_runs_whose_summary_failed_in_every_try_are_interrupted(
    lost: FilledCatalogue, run_dag: RunDag, dag_bag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise PermanentError("The summary cannot be made.")

    monkeypatch.setattr("beamloop.sweep.summary.close_and_summarise", broken)
    monkeypatch.setattr("beamloop.sweep.stage.run_step", lambda *_: None)
    ended = dag_bag.dags["process_collection"].test(run_conf={"request_id": 1})
    with lost.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.requests SET dag_run_id = %s", (ended.run_id,))
    run_dag("tend_requests", {})
    assert outcomes(lost.catalog)["b_1"][0] == "interrupted"
    assert "gave the run up" in outcomes(lost.catalog)["b_1"][1]
