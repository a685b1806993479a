"""What people are told and when, on a real catalogue; the senders only take notes."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.joint_bench import JointBench
from tests.services.receivers import running_http_receiver

from beamloop.catalog.connection import Catalog
from beamloop.catalog.notifications import GIVE_UP_AFTER_S
from beamloop.catalog.open_requests import close_request
from beamloop.catalog.results import find_collections
from beamloop.catalog.runs import note_trouble, start_run
from beamloop.errors import TransientError
from beamloop.notices.deliver import Delivered, deliver
from beamloop.notices.links import AirflowPages
from beamloop.notices.outbox import notice_all
from beamloop.notices.webhook import WebhookTarget, post
from beamloop.notices.words import webhook_document
from beamloop.records.identifiers import RequestId
from beamloop.records.notification import Channel, Notification
from beamloop.records.outcome import OutcomeCode
from beamloop.services import Services

pytestmark = pytest.mark.integration

PAGES = AirflowPages("https://airflow.example.org")
BEAMLINE = """\
beamline: i24
roots: [watched]
notifications:
  events: [finished, burst, stuck]
  webhook: {connection: hutch_chat}
  finished_quiet_minutes: 0
  burst_failures: 3
"""
WITHOUT = "beamline: i24\nroots: [watched]\n"


class Receiver:
    """A receiver that takes messages, or is away."""

    def __init__(self) -> None:
        self.got: list[Notification] = []
        self.away = False

    def send(self, notification: Notification) -> None:
        if self.away:
            raise TransientError("The receiver answered HTTP 503.")
        self.got.append(notification)


class Bench:
    """A catalogue with a plate, a beamline's file, a receiver."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self.file = folder / "beamlines" / "i24.yaml"
        self.file.parent.mkdir()
        self.file.write_text(BEAMLINE)
        self.plate = FilledCatalogue(catalog, folder / "plate <3>")
        self.chat = Receiver()

    def notice(self) -> int:
        return notice_all(self.file.parent, self.catalog, PAGES)

    def deliver(self) -> Delivered:
        return deliver(self.catalog, {Channel.WEBHOOK: self.chat, Channel.EMAIL: self.chat})

    def told(self) -> list[str]:
        """Notice, deliver, and return the titles of all that was received."""
        self.notice()
        self.deliver()
        return [notification.message.title for notification in self.chat.got]

    def close(self, *requests: int) -> None:
        with self.catalog.transaction() as connection:
            for request in requests:
                close_request(connection, RequestId(request))

    def do(self, statement: str, *values: object) -> None:
        with self.catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)

    def ask(self, query: str) -> list[dict[str, object]]:
        with self.catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return [dict(row) for row in cursor.fetchall()]

    def let_pass(self, time: timedelta) -> None:
        """Move everything that has happened into the past."""
        for table, columns in {
            "requests": ("requested_at", "started_at", "ended_at"),
            "runs": ("created_at", "started_at", "ended_at", "reopened_at"),
            "steps": ("started_at", "ended_at"),
            "outcomes": ("recorded_at",),
            "failure_bursts": ("last_failure_at",),
            "notifications": ("created_at", "next_try_at"),
        }.items():
            changes = ", ".join(f"{column} = {column} - %s" for column in columns)
            self.do(f"UPDATE beamloop.{table} SET {changes}", *[time] * len(columns))  # noqa: S608


@pytest.fixture
def bench(catalog_dsn: str, tmp_path: Path) -> Iterator[Bench]:
    with Catalog(catalog_dsn) as catalog:
        yield Bench(catalog, tmp_path)


def test_a_finished_collection_is_told_once_for_all_of_its_requests(bench: Bench) -> None:
    bench.plate.ask("a_1", "b_1")
    bench.plate.ask("c_1")
    bench.plate.end("a_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    bench.plate.end("b_1", OutcomeCode.NO_LATTICE, "No lattice fits the 214 spots.")
    bench.close(1)
    assert bench.told() == []  # the request of c_1 goes on
    bench.plate.end("c_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    bench.close(2)
    title = "i24, plate <3> is finished: 2 of 3 sweeps processed"
    assert bench.told() == [title]
    assert bench.told() == [title]
    message = bench.chat.got[0].message
    assert message.lines[0] == "3 sweeps: 2 processed, 1 no_lattice"
    assert message.lines[1] == "1 x no_lattice: No lattice fits the 214 spots. (b_1)"
    assert message.lines[2].startswith("Try next: Check beam centre")
    assert message.link.startswith("https://airflow.example.org/dags/process_collection/runs/plate_3-")
    assert message.facts["counts"] == {"processed": 2, "no_lattice": 1}


def test_a_finished_collection_is_told_with_the_report_on_these_crystals_and_no_older_one(
    bench: Bench, tmp_path: Path
) -> None:
    for request, sweep in enumerate(("a_1", "b_1"), start=1):
        bench.plate.ask(sweep)
        bench.plate.end(sweep, OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
        if sweep == "a_1":
            with bench.catalog.transaction() as connection:
                (collection_id,) = find_collections(connection, str(bench.plate.directory))
            nothing = cast(Any, None)  # the report is published, not made
            plate = JointBench(Services(bench.catalog, nothing, nothing, tmp_path), collection_id)
            plate.report({"A": ["a_1"]})
        bench.close(request)
        bench.told()
    first, second = (notification.message for notification in bench.chat.got)
    assert first.lines[-1] == "Crystals: They belong together."
    assert first.facts["isomorphism"] == {"verdict": "isomorphous", "sentence": "They belong together."}
    assert second.facts["isomorphism"] is None
    assert second.lines == ("1 sweep: 1 processed",)


def test_a_collection_is_not_finished_before_it_has_been_quiet(bench: Bench) -> None:
    bench.file.write_text(BEAMLINE.replace("finished_quiet_minutes: 0", "finished_quiet_minutes: 10"))
    bench.plate.ask("a_1")
    bench.plate.end("a_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    bench.close(1)
    assert bench.told() == []
    bench.let_pass(timedelta(minutes=11))
    assert len(bench.told()) == 1


def test_a_collection_is_not_finished_while_a_sweep_of_it_arrives(bench: Bench) -> None:
    bench.plate.ask("a_1")
    bench.plate.end("a_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    bench.close(1)
    bench.do(
        "INSERT INTO beamloop.watched_folders VALUES ('i24', %s, 1, '{*.cbf}', 0, extract(epoch FROM now()),"
        " 0, false, false, '{}', '[{\"asked\": false}]')",
        str(bench.plate.directory),
    )
    assert bench.told() == []
    bench.do("UPDATE beamloop.watched_folders SET sweeps = '[{\"asked\": true}]'")
    assert len(bench.told()) == 1


def test_what_ended_while_nobody_wanted_to_know_is_never_told(bench: Bench) -> None:
    bench.file.write_text(WITHOUT)
    bench.plate.ask("a_1")
    bench.close(1)
    bench.notice()
    bench.file.write_text(BEAMLINE)
    assert bench.told() == []


def test_an_end_waits_for_a_beamline_file_that_cannot_be_read_for_the_moment(bench: Bench) -> None:
    bench.plate.ask("a_1")
    bench.close(1)
    bench.file.write_text("beamline: [")
    bench.notice()
    bench.file.write_text(BEAMLINE)
    assert len(bench.told()) == 1


def fail(bench: Bench, *sweeps: str, code: OutcomeCode = OutcomeCode.NO_SPOTS) -> None:
    for sweep in sweeps:
        bench.plate.ask(sweep)
        bench.plate.end(sweep, code, f"No spots on {len(sweep)} images.", "find_spots")


def bursts(bench: Bench) -> list[str]:
    return [title for title in bench.told() if "ended as" in title]


def test_a_burst_is_told_once_however_long_it_lasts(bench: Bench) -> None:
    fail(bench, "a_1", "b_1")
    assert bursts(bench) == []
    fail(bench, "c_10")
    told = ["i24: 3 sweeps ended as no_spots within 30 min"]
    assert bursts(bench) == told
    for number in range(3):
        bench.let_pass(timedelta(minutes=25))
        fail(bench, f"d{number}_1", f"e{number}_1", f"f{number}_1")
        assert bursts(bench) == told
    bench.let_pass(timedelta(minutes=61))
    fail(bench, "x_1", "y_1", "z_1")
    assert len(bursts(bench)) == 2


def test_failures_of_several_causes_are_no_burst(bench: Bench) -> None:
    fail(bench, "a_1", "b_1")
    fail(bench, "c_1", code=OutcomeCode.TOO_FEW_SPOTS)
    assert bursts(bench) == []


def test_failures_that_are_few_of_many_sweeps_are_no_burst_unless_a_program_crashed(bench: Bench) -> None:
    for number in range(4):
        bench.plate.ask(f"good{number}_1")
        bench.plate.end(f"good{number}_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    fail(bench, "a_1", "b_1", "c_1")
    assert bursts(bench) == []
    fail(bench, "d_1", "e_1", "f_1", code=OutcomeCode.PROGRAM_CRASHED)
    assert bursts(bench) == ["i24: 3 sweeps ended as program_crashed within 30 min"]


def begin(bench: Bench, *sweeps: str) -> None:
    bench.plate.ask(*sweeps)
    with bench.catalog.transaction() as connection:
        for sweep in sweeps:
            start_run(connection, bench.plate.runs[sweep])


def test_a_run_that_stands_still_is_told_once_and_again_only_after_it_has_moved(bench: Bench) -> None:
    begin(bench, "a_1", "b_1")
    with bench.catalog.transaction() as connection:
        note_trouble(connection, bench.plate.runs["a_1"], "The disk is full.")
    assert bench.told() == []
    bench.let_pass(timedelta(minutes=91))  # a program's hour and half an hour more
    title = "i24, plate <3>: 2 sweeps stuck for 91 min"
    assert bench.told() == [title]
    assert bench.chat.got[0].message.lines[1] == "The last try of a_1 met: The disk is full."
    assert bench.told() == [title]
    bench.do("INSERT INTO beamloop.steps SELECT run_id, 'import', now(), now(), '' FROM beamloop.runs")
    assert bench.told() == [title]
    bench.let_pass(timedelta(minutes=95))
    assert bench.told() == [title, "i24, plate <3>: 2 sweeps stuck for 95 min"]


def test_a_run_that_goes_on_after_its_end_is_not_stuck_for_the_time_before(bench: Bench) -> None:
    begin(bench, "a_1")
    bench.close(1)
    bench.let_pass(timedelta(days=2))
    with bench.catalog.transaction() as connection:
        start_run(connection, bench.plate.runs["a_1"])
    assert [title for title in bench.told() if "stuck" in title] == []


def test_a_request_that_nobody_takes_up_is_told_when_nothing_else_moves(bench: Bench) -> None:
    bench.plate.ask("a_1")
    bench.do("UPDATE beamloop.requests SET started_at = NULL")
    bench.let_pass(timedelta(minutes=91))
    other = FilledCatalogue(bench.catalog, bench.plate.directory / "other", beamline="i03")
    other.ask("o_1")
    assert bench.told() == []  # another beamline's request was taken up just now: it is a queue
    bench.let_pass(timedelta(minutes=91))
    assert bench.told() == ["i24: 1 request waiting for 3.03 h, nothing is processed"]
    assert len(bench.told()) == 1


def test_a_receiver_that_is_away_is_tried_again_later_with_the_same_key(bench: Bench) -> None:
    bench.plate.ask("a_1")
    bench.close(1)
    bench.chat.away = True
    assert bench.told() == []
    assert bench.deliver() == Delivered(0, ())  # not yet again
    (row,) = bench.ask("SELECT state, tries, last_trouble FROM beamloop.notifications")
    assert row == {"state": "waiting", "tries": 1, "last_trouble": "The receiver answered HTTP 503."}
    bench.chat.away = False
    bench.let_pass(timedelta(minutes=2))
    assert len(bench.told()) == 1
    assert bench.chat.got[0].idempotency_key == "finished-1-1.webhook"
    (row,) = bench.ask("SELECT state, tries FROM beamloop.notifications")
    assert row == {"state": "sent", "tries": 2}


def test_a_message_that_nobody_takes_for_a_day_is_given_up_with_words(bench: Bench) -> None:
    bench.plate.ask("a_1")
    bench.close(1)
    bench.notice()
    bench.chat.away = True
    bench.let_pass(timedelta(seconds=GIVE_UP_AFTER_S + 1))
    bench.deliver()
    (row,) = bench.ask("SELECT state FROM beamloop.notifications")
    assert row == {"state": "given_up"}
    (row,) = bench.ask("SELECT sentence FROM beamloop.events WHERE kind = 'notification_given_up'")
    assert "in 1 tries: i24, plate <3> is finished" in str(row["sentence"])
    bench.chat.away = False
    bench.let_pass(timedelta(days=1))
    assert bench.told() == []


def test_a_sender_that_is_killed_before_it_records_sends_again_with_the_same_key(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plate.ask("a_1")
    bench.close(1)
    bench.notice()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("beamloop.notices.deliver.note_sent", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.deliver()
    monkeypatch.undo()
    bench.let_pass(timedelta(minutes=2))
    bench.deliver()
    assert {one.idempotency_key for one in bench.chat.got} == {"finished-1-1.webhook"}
    assert [one.tries for one in bench.chat.got] == [1, 2]


def test_a_receiver_that_is_away_costs_one_try_a_pass(bench: Bench) -> None:
    for number in (1, 2):
        bench.plate.ask(f"a{number}_1")
        bench.close(number)
        bench.notice()
    bench.chat.away = True
    assert len(bench.deliver().troubles) == 1
    tries = [row["tries"] for row in bench.ask("SELECT tries FROM beamloop.notifications ORDER BY 1")]
    assert tries == [0, 1]


def test_a_hostile_name_stays_text_in_every_field(bench: Bench) -> None:
    bench.plate.ask("<!channel> &\n\x1b[31mred")
    bench.close(1)
    bench.told()
    document = webhook_document(bench.chat.got[0])
    assert "<" not in document["text"]
    assert "\x1b" not in json.dumps(document["title"]) + document["text"]
    assert document["causes"][0]["sweeps"] == ["<!channel> &\n\x1b[31mred"]


def test_a_posted_message_leaves_no_trace_of_the_address_in_any_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.plate.ask("a_1")
    bench.close(1)
    bench.told()
    caplog.set_level(logging.INFO)
    level_before = logging.getLogger("httpx").level
    with running_http_receiver() as receiver:
        post(WebhookTarget("chat", f"http://127.0.0.1:{receiver.port}/hooks/secret"), bench.chat.got[0])
    assert receiver.got[0].path == "/hooks/secret"
    assert "secret" not in caplog.text
    assert logging.getLogger("httpx").level == level_before
