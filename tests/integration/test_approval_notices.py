"""Who is told that a refined geometry waits, and what became of it without a person."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.services.candidate_bench import GOOD, TOO_FEW, ask, fill_plate, give_candidate

from beamloop.beamlines.beamline_file import read_beamline
from beamloop.catalog.connection import Catalog
from beamloop.catalog.metrology import fail_metrology
from beamloop.catalog.open_requests import waits_for_tending
from beamloop.geometry.approval import carry_out, consider
from beamloop.geometry.registry import reject, withdraw
from beamloop.notices.links import AirflowPages
from beamloop.notices.outbox import notice_all
from beamloop.records.approval import Answer, Question
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId
from beamloop.records.outcome import Outcome, OutcomeCode

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
# The names of columns that tell when something was; all of them move into the past together.
TIMES = {
    "geometry_questions": ("asked_at", "until", "notice_at"),
    "metrologies": ("asked_at", "ended_at", "end_noticed_at"),
}


class Bench:
    """A beamline whose people want to hear of its geometries."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self.file = folder / "beamlines" / "i24.yaml"
        self.file.parent.mkdir()
        fill_plate(catalog, folder / "plate3")
        self.want("approval, decided, metrology")

    def want(self, events: str, geometry: str = "{}", more: str = "") -> None:
        self.file.write_text(
            f"beamline: i24\nroots: [.]\ngeometry: {geometry}\nnotifications:\n  events: [{events}]\n"
            f"  webhook: {{connection: hutch_chat}}\n{more}"
        )

    def want_nothing(self) -> None:
        self.file.write_text("beamline: i24\nroots: [.]\n")

    def candidate(self, evidence: Evidence = GOOD) -> GeometryId:
        """Let a metrology give a candidate, and its task ask about it or carry the rule's answer out."""
        number = give_candidate(self.catalog, ask(self.catalog), evidence)
        rules = read_beamline(self.file).geometry
        found = consider(self.catalog, number, rules, "report.html")
        if isinstance(found, Answer):
            carry_out(self.catalog, number, found, rules, datetime.now(UTC))
        else:
            assert isinstance(found, Question)
        return number

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Notice; return key and message of all that is in the outbox."""
        notice_all(self.file.parent, self.catalog, AirflowPages("https://airflow.example.org/base/"))
        rows = self.do("SELECT event_key, message FROM beamloop.notifications ORDER BY notification_id")
        return [(row["event_key"], row["message"]) for row in rows]

    def keys(self) -> list[str]:
        return [key for key, _ in self.told()]

    def let_pass(self, time: timedelta) -> None:
        for table, columns in TIMES.items():
            changes = ", ".join(f"{column} = {column} - %s" for column in columns)
            self.do(f"UPDATE beamloop.{table} SET {changes} RETURNING 1", *[time] * len(columns))  # noqa: S608

    def has_work(self) -> bool:
        """Tell whether tend_requests has anything to do beside sending what is in the outbox."""
        self.do("UPDATE beamloop.notifications SET state = 'sent', sent_at = now() RETURNING 1")
        self.do("UPDATE beamloop.geometry_versions SET drift_noticed_at = now() RETURNING 1")
        self.do("UPDATE beamloop.requests SET ended_at = now(), finish_noticed_at = now() RETURNING 1")
        self.do("UPDATE beamloop.runs SET ended_at = now() RETURNING 1")
        with self.catalog.transaction() as connection:
            return waits_for_tending(connection)

    def do(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def bench(catalog_dsn: str, tmp_path: Path) -> Iterator[Bench]:
    with Catalog(catalog_dsn) as catalog:
        yield Bench(catalog, tmp_path)


def test_a_candidate_that_waits_is_told_once_with_what_it_gains_and_who_may_decide(bench: Bench) -> None:
    bench.want("approval", "{approvers: [anna, ben]}")
    number = bench.candidate()
    bench.told()
    ((key, message),) = bench.told()
    assert key == f"approval-{number}-1"
    assert message["title"] == f"i24: geometry {number} waits for a person: shall it serve?"
    assert message["link"] == f"https://airflow.example.org/base/beamloop/geometry?version={number}"
    text = "\n".join(message["lines"])
    for words in (
        "PILATUS3 6M, S/N 60-0119: 3 panels refined at level 1, 250.370 mm (+0.370 mm from the header's).",
        "It has passed the gate. Now serves the headers' geometry.",
        "On 1892 reflections that it was not refined against, spots lie off their predictions by 61.0 um "
        "along x, with it 42.0 um (31 % less) and 58.0 um along y, with it 40.0 um (31 % less), rms.",
        "3 of 3 panels had enough reflections; two halves of the data agree to 6.6 um.",
        "Who may decide: anna, ben.",
        f"`beamloop geometry promote {number} --why ...`",
    ):
        assert words in text
    until = datetime.fromisoformat(message["facts"]["until"])
    asked_at = datetime.fromisoformat(message["facts"]["asked_at"])
    assert until - asked_at == 7 * DAY


def test_the_newest_that_waits_is_told_again_each_day_until_somebody_decides(bench: Bench) -> None:
    older, newer = bench.candidate(), bench.candidate()
    assert bench.keys() == [f"approval-{older}-1", f"approval-{newer}-1"]
    bench.let_pass(DAY - timedelta(minutes=1))
    assert len(bench.keys()) == 2
    bench.let_pass(timedelta(minutes=2))
    key, message = bench.told()[-1]
    assert key == f"approval-{newer}-2"
    assert message["title"] == f"i24: geometry {newer} has waited for 24 h for a person to decide"
    assert f"Other candidates of this detector wait too: geometry {older} (250.4 mm" in message["lines"][4]
    reject(bench.catalog, newer, by="anna", why="the crystal was cracked")
    bench.let_pass(DAY)
    assert bench.keys()[2:] == [f"approval-{newer}-2", f"approval-{older}-2"]


@pytest.mark.parametrize(("hours", "count"), [("null", 1), ("3", 3)])
def test_a_beamline_says_after_how_long_people_are_reminded(bench: Bench, hours: str, count: int) -> None:
    bench.want("approval", more=f"  approval_reminder_hours: {hours}\n")
    bench.candidate()
    for _ in range(3):
        bench.told()
        bench.let_pass(timedelta(hours=3))
    assert len(bench.keys()) == count + (hours != "null")


def test_nobody_is_reminded_when_the_time_has_passed_or_a_newer_geometry_serves(bench: Bench) -> None:
    bench.candidate()
    newer = bench.candidate()
    assert len(bench.keys()) == 2
    rules = read_beamline(bench.file).geometry
    carry_out(bench.catalog, newer, Answer(True, "anna", "better"), rules, datetime.now(UTC))
    bench.let_pass(DAY + timedelta(minutes=1))
    assert len(bench.keys()) == 2
    last = bench.candidate()
    assert bench.keys()[2:] == [f"approval-{last}-1"]
    bench.let_pass(8 * DAY)
    assert len(bench.keys()) == 3
    assert not bench.has_work()


def test_what_waits_when_the_notice_is_switched_on_is_told_within_a_day(bench: Bench) -> None:
    bench.want_nothing()
    number = bench.candidate()
    assert bench.keys() == []
    # Where nobody wants to hear, a question keeps no DAG running for seven days.
    assert not bench.has_work()
    bench.want("approval")
    bench.let_pass(DAY)
    assert bench.keys() == [f"approval-{number}-1"]


def test_what_the_gate_rejects_is_told_as_decided_and_never_as_waiting(bench: Bench) -> None:
    number = bench.candidate(TOO_FEW)
    ((key, message),) = bench.told()
    assert key == f"decided-{number}"
    assert message["title"] == f"i24: geometry {number} was rejected by the gate"
    text = "\n".join(message["lines"])
    assert "120 held-out reflections are too few: 500 are needed" in text
    assert "Imports go on with the headers' geometry." in text
    assert message["facts"]["decision"] == "reject"


def test_what_the_rule_promotes_is_told_with_the_way_back(bench: Bench) -> None:
    bench.want("decided", "{approval: automatic}")
    number = bench.candidate()
    ((key, message),) = bench.told()
    assert key == f"decided-{number}"
    assert message["title"] == f"i24: geometry {number} serves, by the beamline's rule"
    text = "\n".join(message["lines"])
    assert "approval: automatic" in text
    assert f"The way back is `beamloop geometry withdraw {number} --why ...`" in text
    assert "UTC on take it." in text


def test_what_a_person_has_decided_is_told_nobody(bench: Bench) -> None:
    bench.want("decided", "{approval: automatic}")
    withdraw(bench.catalog, bench.candidate(), by="anna", why="module 17 was swapped")
    bench.want("decided")
    reject(bench.catalog, bench.candidate(), by="ben", why="the crystal was cracked")
    assert bench.keys() == []
    assert not bench.has_work()


def test_a_metrology_that_failed_is_told_with_the_command_that_repeats_it(bench: Bench) -> None:
    metrology_id = ask(bench.catalog)
    with bench.catalog.transaction() as connection:
        fail_metrology(
            connection, metrology_id, Outcome(OutcomeCode.OUT_OF_MEMORY, "It needed 9 GB.", "refine")
        )
    ((key, message),) = bench.told()
    assert key == f"metrology-{metrology_id}"
    assert message["title"] == "i24: a calibration of the detector failed, out_of_memory"
    text = "\n".join(message["lines"])
    for words in (
        "in its step refine: It needed 9 GB.",
        "Imports go on with the headers' geometry, as before.",
        "It is not tried again by itself before a new sweep is processed",
        "`beamloop metrology run --beamline i24 --collection plate3 --again`",
    ):
        assert words in text


def test_what_ended_while_nobody_wanted_to_know_is_never_told(bench: Bench) -> None:
    bench.want("finished")
    bench.candidate(TOO_FEW)
    assert bench.keys() == []
    bench.want("decided, metrology")
    assert bench.keys() == []
    assert not bench.has_work()
