"""Whom a beamline tells what; the words that they get."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beamloop.beamlines.beamline_file import read_beamline
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.failure_causes import FailureGroup
from beamloop.catalog.selection import Failure
from beamloop.errors import InvalidInputError
from beamloop.notices.bursts import is_burst
from beamloop.notices.letter import write_letter
from beamloop.notices.links import AirflowPages
from beamloop.notices.webhook import WebhookTarget
from beamloop.notices.words import group_lines, minutes, name_text, names, webhook_document
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.notification import Address, Channel, Message, NoticeKind, Notification
from beamloop.records.outcome import Outcome, OutcomeCode

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(tmp_path: Path, text: str) -> Notifications | None:
    path = tmp_path / "i24.yaml"
    path.write_text(f"beamline: i24\nroots: [x]\n{text}")
    return read_beamline(path).notifications


def test_nobody_is_told_anything_by_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None


def test_a_beamline_names_events_connections_and_addresses(tmp_path: Path) -> None:
    wanted = read(
        tmp_path,
        """\
notifications:
  events: [finished, burst, stuck]
  webhook: {connection: hutch_chat}
  email: {connection: facility_mail, to: [night@example.org]}
""",
    )
    assert wanted is not None
    assert wanted.addresses() == (
        Address(Channel.WEBHOOK, "hutch_chat"),
        Address(Channel.EMAIL, "facility_mail", ("night@example.org",)),
    )
    assert wanted.stuck_after_s(program_time_s=3600) == 5400


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        ("events: [finished]", "notifications", "name a webhook, an email, or both"),
        ("events: []\n  webhook: {connection: a}", "notifications.events", "at least 1 item"),
        (
            "events: [done]\n  webhook: {connection: a}",
            "notifications.events.0",
            "'finished', 'burst', 'stuck', 'drift', 'approval'",
        ),
        ("events: [burst]\n  webhook: {connection: 'https://u:p@h/'}", "webhook.connection", "not here"),
        ("events: [burst]\n  webhook: {url: x}", "notifications.webhook.connection", "required"),
        ("events: [burst]\n  webhook: {connection: a, url: x}", "webhook.url", "there is no such field"),
        ("events: [stuck]\n  email: {connection: a, to: []}", "notifications.email.to", "at least 1 item"),
        ('events: [stuck]\n  email: {connection: a, to: ["a@b.c\\nBcc: d@e.f"]}', "email.to.0", "one plain"),
        ("events: [stuck]\n  email: {connection: a, to: ['a@b.c,d@e.f']}", "email.to.0", "one plain"),
        ("events: [burst]\n  webhook: {connection: a}\n  burst_failures: 1", "burst_failures", "equal to 2"),
        ("events: [burst]\n  webhook: {connection: a}\n  burst_share: 2", "burst_share", "equal to 1"),
    ],
)
def test_a_fault_is_named_with_its_field_and_its_remedy(
    tmp_path: Path, text: str, field: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError) as fault:
        read(tmp_path, f"notifications:\n  {text}\n")
    assert "i24.yaml" in fault.value.what
    assert field in fault.value.what
    assert remedy in fault.value.what
    assert "Value error" not in fault.value.what


def failures(count: int, code: OutcomeCode = OutcomeCode.NO_SPOTS) -> FailureGroup:
    outcome = Outcome(code, "No spots on 12 images.", "find_spots")
    sweeps = tuple(
        Failure(
            "i24",
            "plate3",
            Path("/data/plate3"),
            SweepId(number),
            f"xtal{number}_1",
            RunId(number),
            outcome,
            NOW,
        )
        for number in range(1, count + 1)
    )
    return FailureGroup(code, "No spots on N images.", sweeps)


@pytest.mark.parametrize(
    ("count", "ended", "code", "expected"),
    [
        (4, 4, OutcomeCode.NO_SPOTS, False),
        (5, 10, OutcomeCode.NO_SPOTS, True),
        (5, 11, OutcomeCode.NO_SPOTS, False),
        (5, 100, OutcomeCode.PROGRAM_CRASHED, True),
        (4, 4, OutcomeCode.PROGRAM_CRASHED, False),
    ],
)
def test_a_burst_is_many_failures_and_most_of_what_ended_unless_a_program_crashed(
    count: int, ended: int, code: OutcomeCode, expected: bool
) -> None:
    wanted = Notifications.model_validate({"events": ["burst"], "webhook": {"connection": "a"}})
    assert is_burst(failures(count, code), ended, wanted) is expected


def test_the_words_say_how_many_which_cause_and_what_to_try() -> None:
    count, advice = group_lines(failures(10))
    assert count.startswith("10 x no_spots: No spots on N images. (xtal1_1, xtal2_1, ")
    assert count.endswith("xtal8_1 and 2 more)")
    assert advice.startswith("Try next: Look at an image")
    assert group_lines(failures(1))[0] == "1 x no_spots: No spots on 12 images. (xtal1_1)"


def test_times_are_written_as_people_say_them() -> None:
    assert [minutes(time_s) for time_s in (60, 5400, 7200, 9000)] == ["1 min", "90 min", "2 h", "2.5 h"]


def notification(name: str) -> Notification:
    message = Message(
        event_key="finished-5-17",
        kind=NoticeKind.FINISHED,
        beamline="i24",
        collection_id=None,
        title=f"i24, {name_text(name)} is finished",
        lines=(f"1 x no_spots ({names([name])})",),
        link="",
        facts={"collection": name},
    )
    return Notification(3, message, Address(Channel.EMAIL, "mail", ("a@b.c",)), NOW, 1)


def test_a_hostile_name_is_no_header_no_markup_and_no_call_of_a_channel() -> None:
    hostile = "plate\r\nBcc: everybody@example.org\r\n\r\n<!channel><img src=x>&\x1b[0m\u202e"
    told = notification(hostile)
    careless = replace(told, message=replace(told.message, title=hostile))
    assert write_letter(careless).subject.isprintable()
    letter = write_letter(told)
    assert letter.subject.isprintable()
    assert "<img" not in letter.html
    assert letter.headers["X-Beamloop-Notification"] == "finished-5-17.email"
    assert all(value.isprintable() for value in letter.headers.values())
    document = webhook_document(told)
    assert "<" not in document["text"]
    assert "\x1b" not in document["text"]
    assert document["collection"] == hostile


def test_each_try_of_a_letter_has_one_message_id_and_other_letters_have_others() -> None:
    first, again = write_letter(notification("a")), write_letter(notification("a"))
    other = replace(notification("a"), notification_id=4)
    assert first.headers["Message-ID"] == again.headers["Message-ID"]
    assert first.headers["Message-ID"] != write_letter(other).headers["Message-ID"]


def test_a_link_leads_to_the_run_in_airflow_whatever_its_address_ends_with() -> None:
    for base in ("https://a.example.org/af", "https://a.example.org/af/"):
        link = AirflowPages(base).dag_run("plate3-1f0c9a.4be1")
        assert link == "https://a.example.org/af/dags/process_collection/runs/plate3-1f0c9a.4be1"
    assert AirflowPages("").dag_run("x") == ""


def test_an_address_with_its_secret_is_not_shown_by_accident() -> None:
    target = WebhookTarget(
        "chat", "https://h/hooks/secret", {"Authorization": "Bearer secret"}, ("u", "secret")
    )
    assert "secret" not in repr(target)
